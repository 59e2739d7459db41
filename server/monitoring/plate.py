"""What is printed on a device – maker, model, serial – with its id and label: which are taken, and how. Pure."""

import re
from dataclasses import dataclass

from devices.topics import DEVICE_ID
from server.monitoring.errors import DeviceRefused

RESERVED = frozenset({"bedside-server", "bedside-registry"})  # the server's own names at the broker
LABEL_LIMIT = 120
PLATE_LIMIT = 80
ID_LIMIT = 64


@dataclass(frozen=True, slots=True)
class Plate:
    """As typed. A serial is unique within its model, so it needs one."""

    maker: str | None = None
    model: str | None = None
    serial: str | None = None

    @property
    def key(self) -> str | None:
        """What makes it the same device however it was typed; None without a serial."""
        if self.model is None or self.serial is None:
            return None
        return f"{self.model}\n{self.serial}".casefold()[: 2 * PLATE_LIMIT + 40]


BLANK = Plate()


def checked_plate(plate: Plate) -> Plate:
    """Raises DeviceRefused."""
    maker, model, serial = (_line(name, getattr(plate, name)) for name in ("maker", "model", "serial"))
    if serial is not None and model is None:
        raise DeviceRefused("model", "must be given with a serial number", "missing")
    return Plate(maker, model, serial)


def checked_id(device_id: str | None, plate: Plate) -> str:
    """As given, or made of model and serial. Raises DeviceRefused."""
    if device_id is None:
        return _made_of(plate)
    if not DEVICE_ID.fullmatch(device_id):
        raise DeviceRefused("id", "must be 1 to 64 letters, digits, hyphens or underscores", "bad_id")
    if device_id in RESERVED:
        raise DeviceRefused("id", "is the server's own name at the broker", "reserved")
    return device_id


def checked_label(label: str | None, device_id: str, plate: Plate) -> str:
    """As given, else model and serial, else the id. Raises DeviceRefused."""
    if label is None:
        return " ".join(filter(None, (plate.model, plate.serial)))[:LABEL_LIMIT] or device_id
    kept = " ".join(label.split())
    if not kept or len(kept) > LABEL_LIMIT or not kept.isprintable():
        raise DeviceRefused("label", f"must be 1 to {LABEL_LIMIT} printable characters")
    return kept


def _line(field: str, said: str | None) -> str | None:
    kept = " ".join((said or "").split())
    if len(kept) > PLATE_LIMIT:
        raise DeviceRefused(field, f"must be at most {PLATE_LIMIT} characters", "too_long")
    if not kept.isprintable():
        raise DeviceRefused(field, "must be printable", "not_printable")
    return kept or None


def _made_of(plate: Plate) -> str:
    """Letters and digits of another script leave nothing that a topic could hold: then somebody must say the id."""
    parts = [re.sub(r"[^A-Za-z0-9]+", "-", part or "").strip("-") for part in (plate.model, plate.serial)]
    if not all(parts):
        raise DeviceRefused("id", "must be given where model and serial have no letters or digits for one", "missing")
    return checked_id("-".join(parts)[:ID_LIMIT].rstrip("-"), plate)
