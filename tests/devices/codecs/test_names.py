"""Metrics known by whatever name a format writes."""

import pytest

from devices.codecs.names import metric_named
from devices.metrics import METRICS


@pytest.mark.parametrize(
    ("name", "metric"),
    [
        ("SpO2", "spo2"),
        ("PulseRate", "pulse_rate"),
        ("Pulse Rate", "pulse_rate"),
        ("heart_rate", "hr"),
        ("batt", "battery"),
    ],
)
def test_a_name_is_known_however_it_is_written(name: str, metric: str) -> None:
    found = metric_named(name)
    assert found is not None
    assert found.name == metric


def test_every_metric_is_known_by_its_own_name() -> None:
    assert all(metric_named(name) is metric for name, metric in METRICS.items())


@pytest.mark.parametrize("name", ["", "rssi", "voltage", "spo2" * 1000, "血氧", "_device_online"])
def test_another_name_is_no_metric(name: str) -> None:
    assert metric_named(name) is None
