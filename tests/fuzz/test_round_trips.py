"""What is written in a format is read as it was meant, in every format that can be written."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.clock import localised
from devices.codecs import CODECS
from devices.metrics import METRICS
from tests.fuzz.writers import GATT, LOINC, OMH, WRITERS, Vital, gateway, open_mhealth

TIMES = st.integers(0, 10**8).map(lambda seconds: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds))
WRITTEN = [(format_, write) for format_, writers in WRITERS.items() for write in writers if write is not gateway]


@st.composite
def vital(draw: st.DrawFn) -> Vital:
    """To two decimals, within what is possible."""
    metric = METRICS[draw(st.sampled_from(sorted(LOINC)))]
    hundredths = draw(st.integers(int(metric.low * 100), int(metric.high * 100)))
    return Vital(metric.name, hundredths / 100, draw(TIMES))


@pytest.mark.parametrize(("format_", "write"), WRITTEN)
@settings(max_examples=50)
@given(st.lists(vital(), min_size=1, max_size=5))
def test_what_was_written_is_read(format_: str, write: Callable[[Sequence[Vital]], bytes], vitals: list[Vital]) -> None:
    meant = [one for one in vitals if write is not open_mhealth or one.metric in OMH]
    decoded = localised(CODECS[format_](write(vitals)), UTC)
    assert [(one.metric, one.value, one.at) for one in decoded.readings] == meant


def test_a_gateways_message_is_read_though_it_has_no_times() -> None:
    at = datetime(2025, 1, 1, tzinfo=UTC)
    said = [Vital("spo2", 97, at), Vital("hr", 71, at), Vital("weight", 70.25, at)]
    assert {one.metric: one.value for one in CODECS["gateway"](gateway(said)).readings} == {
        one.metric: one.value for one in said
    }


@pytest.mark.parametrize("characteristic", GATT)
def test_a_characteristic_is_read_as_it_was_laid_out(characteristic: str) -> None:
    values = {
        "2a18": {"glucose": 5.4}, "2a19": {"battery": 85}, "2a1c": {"temp": 36.6}, "2a37": {"hr": 72},
        "2a35": {"sbp": 120, "dbp": 80, "map": 93}, "2a5e": {"spo2": 97, "pulse_rate": 71},
        "2a5f": {"spo2": 97, "pulse_rate": 71}, "2a9d": {"weight": 70.2},
    }  # fmt: skip
    decoded = CODECS[f"gatt/{characteristic}"](GATT[characteristic][0])
    assert {one.metric: one.value for one in decoded.readings} == values[characteristic]
