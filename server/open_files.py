"""How many files this process may hold open: each page that waits is one."""

import resource
from contextlib import suppress

WANTED = 12_000
FOR_STAFF = 200  # of the next line's: connections when pages have taken all of theirs
OWN = 500  # the database, the broker's devices, the API's callers


def allow_many() -> None:
    """Many systems start a process with 1,024, however many it may have; past it nobody is let in, no doctor either."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED if hard == resource.RLIM_INFINITY else min(WANTED, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):  # the system knows another limit; then ``for_pages`` says what is left
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def for_pages() -> int:
    """So many that everything else still finds one."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(WANTED if soft == resource.RLIM_INFINITY else min(soft, WANTED) - OWN, OWN)
