"""What to type to send a first message – mosquitto_pub, curl, Python – for where this hospital really listens. Pure."""

import json
from dataclasses import dataclass

from devices.topics import readings
from server.monitoring.views import Lines

PLACEHOLDER = "$SECRET"
EXAMPLE = json.dumps({"readings": [{"metric": "spo2", "value": 97, "unit": "%"}]})


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where devices reach this hospital. ``ca_url``: where the certificate of our own authority comes from, if it is
    needed; ``mqtt_ca``: the file that the broker's is checked by, nothing for the authorities that a system knows."""

    mqtt_host: str
    mqtt_port: int
    mqtt_tls: bool
    mqtt_ca: str
    http: str
    ca_url: str | None


def ready_lines(at: Addresses, device_id: str, secret: str = PLACEHOLDER) -> Lines:
    """``secret`` is base64url, so that no shell and no quote finds anything in it."""
    return Lines(
        mosquitto_pub=_mosquitto_pub(at, device_id, secret),
        curl=_curl(at, device_id, secret),
        python=_python(at, device_id, secret),
        ca_url=at.ca_url,
    )


def _mosquitto_pub(at: Addresses, device_id: str, secret: str) -> str:
    trust = (f"--cafile {at.mqtt_ca}" if at.mqtt_ca else "--tls-use-os-certs") if at.mqtt_tls else ""
    parts = (
        f"mosquitto_pub -h {at.mqtt_host} -p {at.mqtt_port}",
        trust,
        f'-i {device_id} -u {device_id} -P "{secret}" -q 1',
        f"-t {readings(device_id)} -m '{EXAMPLE}'",
    )
    return " ".join(filter(None, parts))


def _curl(at: Addresses, device_id: str, secret: str) -> str:
    trust = "--cacert ca.crt " if at.ca_url and at.http.startswith("https") else ""
    return (
        f'curl {trust}-u "{device_id}:{secret}" -H "Content-Type: application/json" '
        f"--data '{EXAMPLE}' {at.http}/api/v1/readings"
    )


def _python(at: Addresses, device_id: str, secret: str) -> str:
    said = 'os.environ["SECRET"]' if secret == PLACEHOLDER else f'"{secret}"'
    tls = f'    tls={{"ca_certs": "{at.mqtt_ca}"}},\n' if at.mqtt_ca else "    tls={},\n"
    return (
        "# pip install paho-mqtt\n"
        + ("import os\n\n" if secret == PLACEHOLDER else "")
        + "from paho.mqtt import publish\n\n"
        + "publish.single(\n"
        + f'    "{readings(device_id)}",\n'
        + f"    '{EXAMPLE}',\n"
        + "    qos=1,\n"
        + f'    hostname="{at.mqtt_host}",\n'
        + f"    port={at.mqtt_port},\n"
        + f'    client_id="{device_id}",\n'
        + f'    auth={{"username": "{device_id}", "password": {said}}},\n'
        + (tls if at.mqtt_tls else "")
        + ")\n"
    )
