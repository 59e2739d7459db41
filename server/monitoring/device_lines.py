"""What to type to send a first message – mosquitto_pub, curl, Python – for where this hospital really listens. Pure."""

import json
from dataclasses import dataclass

from devices.topics import readings
from server.monitoring.views import Lines

PLACEHOLDER = "$SECRET"
EXAMPLE = json.dumps({"readings": [{"metric": "spo2", "value": 97, "unit": "%"}]})
NOTHING_MEASURED = json.dumps({"readings": []})  # heard all the same, and nobody's reading


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where devices reach this hospital. ``ca_url``: where the certificate of our own authority comes from, if it is
    needed; ``mqtt_ca``: the file that the broker's is checked by, nothing for the authorities that a system knows.
    ``by_hand``: the broker's accounts are nobody's but its keeper's (deploy/README.md)."""

    mqtt_host: str
    mqtt_port: int
    mqtt_tls: bool
    mqtt_ca: str
    http: str
    ca_url: str | None
    by_hand: bool = False


@dataclass(frozen=True, slots=True)
class _Said:
    """By which device, with what to prove it, which message."""

    device_id: str
    secret: str
    message: str


def ready_lines(at: Addresses, device_id: str, secret: str = PLACEHOLDER, *, worn: bool = False) -> Lines:
    """``secret`` is base64url, so that no shell and no quote finds anything in it. ``worn``: a value of ours would be
    taken for the wearer's, and could end an alarm."""
    said = _Said(device_id, secret, NOTHING_MEASURED if worn else EXAMPLE)
    return Lines(
        mosquitto_pub=_mosquitto_pub(at, said),
        curl=_curl(at, said),
        python=_python(at, said),
        ca_url=at.ca_url,
        account=_account(said) if at.by_hand else None,
    )


def _account(said: _Said) -> str:
    file = "/etc/mosquitto/bedside.passwords"
    return f'mosquitto_passwd -b {file} {said.device_id} "{said.secret}" && systemctl reload mosquitto'


def _mosquitto_pub(at: Addresses, said: _Said) -> str:
    trust = (f"--cafile {at.mqtt_ca}" if at.mqtt_ca else "--tls-use-os-certs") if at.mqtt_tls else ""
    parts = (
        f"mosquitto_pub -h {at.mqtt_host} -p {at.mqtt_port}",
        trust,
        f'-i {said.device_id} -u {said.device_id} -P "{said.secret}" -q 1',
        f"-t {readings(said.device_id)} -m '{said.message}'",
    )
    return " ".join(filter(None, parts))


def _curl(at: Addresses, said: _Said) -> str:
    trust = "--cacert ca.crt " if at.ca_url and at.http.startswith("https") else ""
    return (
        f'curl {trust}-u "{said.device_id}:{said.secret}" -H "Content-Type: application/json" '
        f"--data '{said.message}' {at.http}/api/v1/readings"
    )


def _python(at: Addresses, said: _Said) -> str:
    asked = said.secret == PLACEHOLDER
    secret = 'os.environ["SECRET"]' if asked else f'"{said.secret}"'
    tls = f'    tls={{"ca_certs": "{at.mqtt_ca}"}},\n' if at.mqtt_ca else "    tls={},\n"
    return (
        "# pip install paho-mqtt\n"
        + ("import os\n\n" if asked else "")
        + "from paho.mqtt import publish\n\n"
        + "publish.single(\n"
        + f'    "{readings(said.device_id)}",\n'
        + f"    '{said.message}',\n"
        + "    qos=1,\n"
        + f'    hostname="{at.mqtt_host}",\n'
        + f"    port={at.mqtt_port},\n"
        + f'    client_id="{said.device_id}",\n'
        + f'    auth={{"username": "{said.device_id}", "password": {secret}}},\n'
        + (tls if at.mqtt_tls else "")
        + ")\n"
    )
