"""The ready lines are what a shell and Python take, with no more than what the page shows."""

import ast
import json
import shlex
from dataclasses import replace

import pytest

from devices.codecs import CODECS
from server.monitoring.device_lines import Addresses, ready_lines

FAR = Addresses("mqtt.example", 8883, True, "ca.crt", "https://bedside.example", "http://bedside.example/ca.crt")
HERE = Addresses("127.0.0.1", 1883, False, "", "http://localhost:8080", None)
PUBLIC = Addresses("mqtt.example", 8883, True, "", "https://bedside.example", None)


@pytest.mark.parametrize("at", [FAR, HERE, PUBLIC])
def test_every_line_sends_the_same_good_message(at: Addresses) -> None:
    lines = ready_lines(at, "OX-1", "s3cret_-x")
    publish, post = shlex.split(lines.mosquitto_pub), shlex.split(lines.curl)
    [call] = [node for node in ast.walk(ast.parse(lines.python)) if isinstance(node, ast.Call)]
    said = [publish[publish.index("-m") + 1], post[post.index("--data") + 1], ast.literal_eval(call.args[1])]
    assert len(set(said)) == 1
    assert json.loads(said[0])["readings"][0]["metric"] == "spo2"
    assert len(CODECS["readings"](said[0].encode()).readings) == 1
    assert (publish[publish.index("-u") + 1], publish[publish.index("-P") + 1]) == ("OX-1", "s3cret_-x")
    assert post[post.index("-u") + 1] == "OX-1:s3cret_-x"
    assert post[-1] == f"{at.http}/api/v1/readings"


def test_the_own_authority_is_named_where_there_is_one() -> None:
    assert "--cafile ca.crt" in ready_lines(FAR, "OX-1").mosquitto_pub
    assert "--cacert ca.crt" in ready_lines(FAR, "OX-1").curl
    assert "--tls-use-os-certs" in ready_lines(PUBLIC, "OX-1").mosquitto_pub
    assert "ca.crt" not in str(ready_lines(HERE, "OX-1"))


def test_without_a_secret_the_shell_and_the_program_ask_the_environment() -> None:
    lines = ready_lines(HERE, "OX-1")
    assert '-P "$SECRET"' in lines.mosquitto_pub
    assert '"OX-1:$SECRET"' in lines.curl
    assert 'os.environ["SECRET"]' in lines.python


def test_a_line_for_a_device_that_is_worn_measures_nothing() -> None:
    lines = ready_lines(HERE, "OX-1", worn=True)
    publish, post = shlex.split(lines.mosquitto_pub), shlex.split(lines.curl)
    for said in (publish[publish.index("-m") + 1], post[post.index("--data") + 1]):
        decoded = CODECS["readings"](said.encode())
        assert (decoded.readings, decoded.refusals) == ((), ())
    assert "spo2" not in lines.python


def test_where_accounts_are_kept_by_hand_the_broker_has_to_be_told_first() -> None:
    assert ready_lines(HERE, "OX-1").account is None
    said = shlex.split(ready_lines(replace(HERE, by_hand=True), "OX-1", "s3cret_-x").account or "")
    assert said[:5] == ["mosquitto_passwd", "-b", "/etc/mosquitto/bedside.passwords", "OX-1", "s3cret_-x"]
