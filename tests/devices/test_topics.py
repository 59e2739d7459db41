import pytest

from devices import topics


def test_a_devices_topics_are_read_back() -> None:
    assert topics.parse(topics.readings("BM-77")) == ("BM-77", "readings")
    assert topics.parse(topics.status("BM-77")) == ("BM-77", "status")
    assert topics.parse(topics.ack("BM-77")) == ("BM-77", "ack")
    assert topics.parse("bedside/v1/BM-77/gatt/2a5f") == ("BM-77", "gatt/2a5f")


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
