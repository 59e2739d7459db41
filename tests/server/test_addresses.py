"""Where a device is told to go: loopback plain, the network by TLS, an outside broker as the settings say."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from server.addresses import Listening, device_addresses
from server.monitoring.device_lines import Addresses
from server.settings import Mqtt, Settings

OWN = Listening(http=8080, mqtt=1883, tls=8883, own_authority=True)
PUBLIC = Listening(http=80, mqtt=1883, tls=8883, own_authority=False)
NO_BROKER = Listening(http=8080, mqtt=1883, tls=None, own_authority=True)
EMBEDDED = Mqtt()
OUTSIDE = Mqtt(broker="outside", reached_at="mqtt.example:18883", ca=Path("/etc/bedside/broker-ca.pem"))
BESIDE = Mqtt(broker="outside")
LAN = "https://192.0.2.7:8443"
CA = "http://192.0.2.7:8080/ca.crt"


@pytest.mark.parametrize(
    ("mqtt", "url", "at", "expected"),
    [
        (EMBEDDED, "http://localhost:8080", OWN, ("127.0.0.1", 1883, False, "", None)),
        (EMBEDDED, LAN, OWN, ("192.0.2.7", 8883, True, "ca.crt", CA)),
        (EMBEDDED, "https://bedside.example", PUBLIC, ("bedside.example", 8883, True, "", None)),
        (OUTSIDE, LAN, NO_BROKER, ("mqtt.example", 18883, True, "broker-ca.pem", CA)),
        (BESIDE, "http://localhost:8080", NO_BROKER, ("127.0.0.1", 1883, False, "", None)),
    ],
)
def test_devices_are_told_where_this_hospital_listens(
    mqtt: Mqtt, url: str, at: Listening, expected: tuple[str, int, bool, str, str | None]
) -> None:
    host, port, tls, file, ca_url = expected
    found = device_addresses(Settings(mqtt=mqtt), url, at)
    assert found == Addresses(host, port, tls, file, url, ca_url, by_hand=mqtt is not EMBEDDED)


def test_nothing_is_done_by_hand_where_we_keep_the_brokers_accounts() -> None:
    kept = Mqtt(broker="outside", accounts="dynsec", password=SecretStr("p"), registry_password=SecretStr("r"))
    assert not device_addresses(Settings(mqtt=kept), LAN, NO_BROKER).by_hand


@pytest.mark.parametrize("wrong", ["mqtt.example", "http://mqtt.example:1", "mqtt:x", ":8883", "a b:1"])
def test_where_devices_reach_the_broker_is_a_name_and_a_port(wrong: str) -> None:
    with pytest.raises(ValueError, match="name:port"):
        Mqtt(reached_at=wrong)
