"""What home gateways publish in JSON: Theengs and OpenMQTTGateway, BTHome through them, ESPHome, Zigbee2MQTT, xDrip.

A key with a known name is a reading; the others are the gateway's own business. Templates, topics and discovery are
never followed. Where a message names no unit, the topic may: ``gateway/metric``, ``gateway/imperial``.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from devices.codecs import bthome
from devices.codecs.judging import Said, gathered, judge, printable
from devices.codecs.names import metric_named
from devices.codecs.strict_json import RefusedError, as_list, as_object, moment, number, parse, text, text_of
from devices.codecs.units import System, assumed, ucum
from devices.metrics import METRICS, Metric
from devices.readings import Decoded, Reason, Refusal, Reported

KEYS: Mapping[str, tuple[str, str]] = {  # whose unit is in the name
    "tempc": ("temp", "Cel"),
    "tempf": ("temp", "[degF]"),
    "sgv": ("glucose_isf", "mg/dL"),  # below 39 it is an error code, which is below what is possible
    "mbg": ("glucose", "mg/dL"),  # of a meter
}
NIGHTSCOUT = frozenset({"sgv", "mbg"})
DISCOVERY = frozenset({"state_topic", "stat_t", "command_topic", "cmd_t", "value_template", "val_tpl", "uniq_id", "~"})
STATUSES = frozenset({"online", "offline", "connected", "disconnected"})
NO_VALUES = frozenset({"nan", "none", "null", "unknown", "unavailable"})
BARE = re.compile(r"\s*[^\s\[{\"][^\n]{0,63}\s*")  # a state as text, which no object begins like
HEX = re.compile(r"(?:[0-9a-fA-F]{2}){1,256}")
BTHOME = "fcd2"

Message = Mapping[str, Any]
Judged = Reported | Refusal


def decode(payload: bytes, system: System = System.UNSAID) -> Decoded:
    """One message of at most 64 KiB, or a list of such as xDrip uploads; never raises."""
    try:
        written = text_of(payload)
        if BARE.fullmatch(written):
            return gathered([_bare(written.strip().casefold())])
        message = parse(payload)
        messages = as_list(message, "messages") if isinstance(message, list) else [as_object(message)]
    except RefusedError as refused:
        return Decoded(refusals=(refused.refusal,))
    judged = [judged for one in messages for judged in _judge_message(one, system)]
    return gathered(judged or [Refusal(Reason.NO_READING, "", detail="no messages")])


def _judge_message(message: object, system: System) -> list[Judged]:
    if not isinstance(message, dict):
        return [Refusal(Reason.WRONG_SHAPE, "", detail="a message is not an object")]
    judged = [] if DISCOVERY & message.keys() else list(_judge_all(message, system))
    return judged or [_nothing(message)]


def _bare(state: str) -> Refusal:
    """A state topic's text says neither of what nor in which unit."""
    if state in NO_VALUES:
        return Refusal(Reason.NO_VALUE, "", detail=printable(state))
    if state in STATUSES:
        return Refusal(Reason.NO_READING, "", detail=printable(state))
    return Refusal(Reason.UNKNOWN_METRIC, "", detail="a value without a name")


def _nothing(message: Message) -> Refusal:
    what = "discovery" if DISCOVERY & message.keys() else printable(text(message.get("model_id")))
    return Refusal(Reason.NO_READING, "", detail=what)


def _judge_all(message: Message, system: System) -> Iterator[Judged]:
    at, wrong_at = _moment(message)
    measured = {key: metric for key in message if (metric := _metric(key)) is not None}
    if "tempc" in measured:
        measured.pop("tempf", None)  # the same, said twice
    for key, metric in measured.items():
        value = number(message[key])
        if metric.name == "weight" and not _is_weighed(message):
            yield Refusal(Reason.NO_READING, metric.name, detail="an object, or not steady yet")
        else:
            yield judge(Said(metric, value, _unit(key, metric, message, system), at, wrong_at=wrong_at))
    if not measured:
        yield from _service_data(message)


def _metric(key: str) -> Metric | None:
    return METRICS[KEYS[key][0]] if key in KEYS else metric_named(key)


def _unit(key: str, metric: Metric, message: Message, system: System) -> str:
    """That of the name, that beside the value, or the only one that it can be."""
    if key in KEYS:
        return KEYS[key][1]
    beside = ucum(text(message.get(f"{key}_unit")) or text(message.get("unit")))
    if beside in metric.units or (beside and metric.name == "weight"):
        return beside
    value = number(message[key])
    return "" if value is None else assumed(metric, value, system)


def _is_weighed(message: Message) -> bool:
    """A person, standing still and standing on it."""
    steady = message.get("stabilized", message.get("stabilised", True))
    return (
        message.get("weighing_mode") != "object" and steady is not False and message.get("weight_removed") is not True
    )


def _moment(message: Message) -> tuple[datetime | None, bool]:
    """OpenMQTTGateway stamps its messages where it is told to, xDrip always: in milliseconds."""
    if "UTCtime" in message:
        at = moment(message["UTCtime"])
        return at, at is None
    key, parts = ("date", 1000) if NIGHTSCOUT & message.keys() else ("unixtime", 1)
    given = number(message.get(key))
    if given is None or not 0 < given / parts < 2**32:
        return None, key in message
    return datetime.fromtimestamp(given / parts, UTC), False


def _service_data(message: Message) -> Iterator[Judged]:
    """What the gateway handed on undecoded: of BTHome everybody can read it, of the others the gateway should."""
    data = text(message.get("servicedata"))
    if text(message.get("servicedatauuid")).casefold().removeprefix("0x") == BTHOME and HEX.fullmatch(data):
        yield from bthome.objects(bytes.fromhex(data))
