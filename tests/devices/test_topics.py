"""Topics and devices, written and read back."""

import pytest

from devices import topics


def test_a_devices_topics_are_read_back() -> None:
    assert topics.parse(topics.readings("BM-77")) == ("BM-77", "readings")
    assert topics.parse(topics.status("BM-77")) == ("BM-77", "status")
    assert topics.parse(topics.ack("BM-77")) == ("BM-77", "ack")
    assert topics.parse("bedside/v1/BM-77/gatt/2a5f") == ("BM-77", "gatt/2a5f")


@pytest.mark.parametrize(
    ("channel", "format_"),
    [("readings", "readings"), ("fhir", "fhir"), ("readings/fhir", "fhir"), ("readings/gatt/2a5f", "gatt/2a5f")],
)
def test_a_format_is_named_by_the_channel_or_behind_readings(channel: str, format_: str) -> None:
    topic = topics.parse(f"bedside/v1/BM-77/{channel}")
    assert topic is not None
    assert topic.format == format_


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "bedside/v1",
        "bedside/v1/BM-77",
        "bedside/v1/BM-77/",
        "bedside/v1//readings",
        "bedside/v2/BM-77/readings",
        "BM-77/readings",
        "bedside/v1/BM 77/readings",
        "bedside/v1/血氧/readings",
        "bedside/v1/BM-77\n/readings",
        f"bedside/v1/{'x' * 65}/readings",
        "x/bedside/v1/BM-77/readings",
    ],
)
def test_a_topic_of_another_form_names_no_device(topic: str) -> None:
    assert topics.parse(topic) is None
