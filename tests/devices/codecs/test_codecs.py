"""What holds for every codec in the table: nothing raises, and nothing is unaccounted for."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.codecs import CODECS, MEDIA_TYPES, codec_of
from devices.metrics import METRICS, Metric
from devices.readings import Reason
from tests.devices.codecs.sample_files import SHIPPED

DOCS = Path(__file__).parents[3] / "docs"
SEEDS = tuple(path.read_bytes() for path in sorted(SHIPPED.rglob("*")) if path.is_file())
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.floats()
    | st.integers()
    | st.text(max_size=5)
    | st.sampled_from(["spo2", "%", "fcd2"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["metric", "value", "unit", "readings", "bn", "n", "u", "v", "t", "code", "coding", "system"]
            )
            | st.sampled_from(["resourceType", "entry", "resource", "component", "valueQuantity", "status", "body"])
            | st.sampled_from(
                ["heart_rate", "effective_time_frame", "time_interval", "duration", "weight", "servicedata"]
            ),
            inner,
        )
    ),
    max_leaves=20,
)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A sample – of whatever format – with some of it cut, doubled or overwritten."""
    seed = draw(st.sampled_from(SEEDS))
    first, last = sorted(draw(st.tuples(*[st.integers(0, len(seed))] * 2)))
    return seed[:first] + draw(st.binary(max_size=8) | st.just(seed[first:last] * 2)) + seed[last:]


@pytest.mark.parametrize("format_", CODECS)
@settings(max_examples=100)
@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()) | damaged())
def test_no_bytes_make_a_codec_raise_and_none_are_unaccounted_for(format_: str, payload: bytes) -> None:
    decoded = CODECS[format_](payload)
    assert decoded.readings or decoded.waves or decoded.refusals or _says_that_it_has_no_readings(format_, payload)


def _says_that_it_has_no_readings(format_: str, payload: bytes) -> bool:
    return format_ == "readings" and json.loads(payload)["readings"] == []


@pytest.mark.parametrize(
    "number", ["2A37", "00002a37-0000-1000-8000-00805f9b34fb", "00002A37-0000-1000-8000-00805F9B34FB"]
)
def test_a_characteristic_is_known_by_its_whole_number_too(number: str) -> None:
    assert codec_of(f"gatt/{number}") is codec_of("gatt/2a37") is not None
    for other in ("gatt/2a99", "gatt/00002a37-0000-1000-8000-00805f9b34fc", "Gatt/2a37", "2a37", "gatt", ""):
        assert codec_of(other) is None


def test_every_media_type_is_of_a_format_that_is_read() -> None:
    assert set(MEDIA_TYPES.values()) <= CODECS.keys()


def test_the_page_of_devices_lists_what_is_read() -> None:
    page = (DOCS / "devices.md").read_text()
    assert [format_ for format_ in CODECS if f"`{format_}`" not in page and not format_.startswith("gatt/")] == []
    assert [media_type for media_type in MEDIA_TYPES if f"`{media_type}`" not in page] == []
    assert [metric.name for metric in METRICS.values() if _line(metric) not in page] == []


def _line(metric: Metric) -> str:
    possible = f"{metric.low:g}–{metric.high:g}".replace("100000", "100,000")
    units = ", ".join(f"`{unit}`" for unit in metric.units)
    return f"| `{metric.name}` | {possible} | {units} | {', '.join(metric.loinc)} | {', '.join(map(str, metric.mdc))} |"


def test_every_refusal_is_explained() -> None:
    page = (DOCS / "connect-a-device.md").read_text()
    assert [reason.value for reason in Reason if f"`{reason.value}`" not in page] == []
