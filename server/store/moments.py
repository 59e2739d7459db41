"""A moment as SQLite keeps it: text in UTC with microseconds, which sorts as time does."""

from datetime import UTC, datetime


def text(moment: datetime) -> str:
    """Raises ValueError for one without a time zone."""
    if moment.tzinfo is not UTC:
        if moment.tzinfo is None:
            raise ValueError("a moment without a time zone is not a moment")
        moment = moment.astimezone(UTC)
    return moment.isoformat(timespec="microseconds")[:26] + "Z"


def moment(kept: str | datetime) -> datetime:
    """In UTC, as either database gives it."""
    return datetime.fromisoformat(kept) if isinstance(kept, str) else kept.astimezone(UTC)
