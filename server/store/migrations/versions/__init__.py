"""The steps, oldest first, written by hand: tests/store/test_migrate.py says what is missing. A released step stays."""
