"""The compact times of HL7 v2 (TS, DTM) and ASTM: YYYYMMDDHHMM[SS[.S…]][+ZZZZ], by hand because digits may run on."""

import re
from datetime import UTC, datetime, timedelta, timezone

from devices.codecs.judging import YEARS

_FORM = re.compile(
    r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(?:(\d\d)(?:\.(\d{1,6})\d{0,6})?)?(?:([+-])(\d\d):?(\d\d))?", re.ASCII
)


def moment(text: str, zone: timezone | None = None) -> datetime | None:
    """UTC where the offset was given, or ``zone`` for those without, else naive: local time. None for what is no time,
    or none to the minute: a date alone does not say when something was measured."""
    found = _FORM.fullmatch(text)
    if found is None or int(found[1]) not in YEARS:
        return None
    year, month, day, hour, minute = (int(found[place]) for place in range(1, 6))
    micro = int((found[7] or "0").ljust(6, "0"))
    try:
        local = datetime(year, month, day, hour, minute, int(found[6] or 0), micro)  # noqa: DTZ001 – see above
        zone = zone if found[8] is None else _zone(found)
        return local if zone is None else local.replace(tzinfo=zone).astimezone(UTC)
    except ValueError:
        return None


def zone_of(text: str) -> timezone | None:
    """The offset that a time was given with."""
    found = _FORM.fullmatch(text)
    try:
        return _zone(found) if found is not None and found[8] is not None else None
    except ValueError:
        return None


def _zone(found: re.Match[str]) -> timezone:
    offset = timedelta(hours=int(found[9]), minutes=int(found[10]))
    return timezone(offset if found[8] == "+" else -offset)
