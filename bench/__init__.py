"""Every promised figure, measured against a real server: ``make bench``. Nothing here is imported by the product."""
