"""The limit of open files: raised to what the system allows, and pages leave some to the rest."""

import resource
from collections.abc import Iterator

import pytest

from server.open_files import OWN, WANTED, allow_many, for_pages


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_a_process_that_was_started_with_few_gets_what_it_may_have() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, hard))
    assert for_pages() == 1024 - OWN
    allow_many()
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert soft == (WANTED if hard == resource.RLIM_INFINITY else min(WANTED, hard))
    assert for_pages() == soft - OWN


def test_more_than_is_needed_stays_as_it_is() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    allow_many()
    allow_many()
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] >= before[0]
