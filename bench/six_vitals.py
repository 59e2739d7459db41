"""What the benches of intake send: native messages of six readings a sample, as a bedside monitor would."""

import msgspec

VITALS = (
    ("spo2", 97.0, "%"),
    ("pulse_rate", 71.0, "/min"),
    ("resp_rate", 16.0, "/min"),
    ("sbp", 121.0, "mm[Hg]"),
    ("dbp", 79.0, "mm[Hg]"),
    ("temp", 36.8, "Cel"),
)


def message(seq: int, at: str, samples: int = 1, sent: str | None = None) -> bytes:
    """Moments in RFC 3339; without ``sent`` it is sent as it is measured."""
    readings = [{"metric": name, "value": value, "unit": unit, "at": at} for name, value, unit in VITALS] * samples
    return msgspec.json.encode({"epoch": "bench", "seq": seq, "oldest": 1, "sent": sent or at, "readings": readings})
