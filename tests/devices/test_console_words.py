"""The console names and places every metric that a device may send."""

import re
from pathlib import Path

from devices.metrics import METRICS

WEB = Path(__file__).parents[2] / "web" / "src"
PLACED = re.compile(r"(?:vital|result)\('(\w+)'")
NAMED = re.compile(r"^  metric_(\w+):", re.MULTILINE)


def test_every_metric_has_a_place_and_a_name_in_both_languages() -> None:
    placed = set(PLACED.findall((WEB / "console/metrics.ts").read_text()))
    assert placed == set(METRICS) - {"battery"}  # the device's own
    for language in ("en", "zh"):
        named = NAMED.findall((WEB / f"shared/words/metrics.{language}.ts").read_text())
        assert sorted(named) == sorted(METRICS)
