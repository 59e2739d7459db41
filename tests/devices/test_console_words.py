"""The pages have words for whatever a device may send and for whatever it may be refused for."""

import re
from pathlib import Path

from devices.broker_frames import Fault
from devices.metrics import METRICS
from devices.readings import Reason

WEB = Path(__file__).parents[2] / "web" / "src"
PLACED = re.compile(r"(?:vital|result)\('(\w+)'")
NAMED = re.compile(r"^  metric_(\w+):", re.MULTILINE)


def test_every_metric_has_a_place_and_a_name_in_both_languages() -> None:
    placed = set(PLACED.findall((WEB / "console/metrics.ts").read_text()))
    assert placed == set(METRICS) - {"battery"}  # the device's own
    for language in ("en", "zh"):
        named = NAMED.findall((WEB / f"shared/words/metrics.{language}.ts").read_text())
        assert sorted(named) == sorted(METRICS)


def test_every_refusal_has_words_in_both_languages() -> None:
    for language in ("en", "zh"):
        devices = (WEB / f"devices/words/{language}.ts").read_text()
        quarantine = (WEB / f"quarantine/words/{language}.ts").read_text()
        assert {*Fault, *Reason} <= set(re.findall(r"^  refused_(\w+):", devices, re.MULTILINE))
        assert set(Reason) <= set(re.findall(r"^  reason_(\w+):", quarantine, re.MULTILINE))
