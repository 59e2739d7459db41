"""A doctor whose papers are in order, and the moment at which one asks."""

from datetime import UTC, date, datetime, timedelta

from server.visits.policy.facts import Case, DoctorStanding, Opening

NOW = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)  # 09:00 in Hangzhou
TODAY = date(2026, 11, 21)
IN_ORDER = DoctorStanding(
    licence_no="110330100012345",
    licence_until=date(2028, 5, 31),
    practice_since=date(2015, 7, 1),
    institution_consents=True,
    childrens=True,
)


def opening(standing: DoctorStanding = IN_ORDER, *, stepped_up: timedelta | None = timedelta(minutes=1)) -> Opening:
    """``stepped_up``: so long ago."""
    return Opening(standing, NOW - stepped_up if stepped_up is not None else None, NOW, TODAY)


def case(age: int = 40, *, prior: bool = True, guardian: bool = False, standing: DoctorStanding = IN_ORDER) -> Case:
    return Case(age, prior, guardian, standing)
