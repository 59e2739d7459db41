"""The sections [mllp], [poct1a] and [astm]: where analysers and monitors may connect, and which device each one is."""

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from devices.topics import DEVICE_ID
from server.setting_types import Network, Port, Section


def _device_id(value: str) -> str:
    if DEVICE_ID.fullmatch(value) is None:
        raise ValueError("a device's id: letters, digits, - and _, at most 64")
    return value


DeviceId = Annotated[str, AfterValidator(_device_id)]
PeerName = Annotated[str, Field(min_length=1, max_length=64)]


class ListenerSection(Section):
    """Off until somebody says who may connect."""

    listen: bool = False
    host: str = "127.0.0.1"
    port: Port
    tls: bool = False
    allow: tuple[Network, ...] = ()
    devices: dict[PeerName, DeviceId] = Field(default_factory=dict)

    @model_validator(mode="after")
    def who_may_connect_is_said(self) -> Self:
        if self.listen and not (self.allow and self.devices):
            raise ValueError("allow and devices: who may connect and which device that is, where listen is true")
        return self


class MllpSection(ListenerSection):
    port: Port = 2575  # as IANA registers it for HL7


class Poct1aSection(ListenerSection):
    port: Port = 3001


class AstmSection(ListenerSection):
    port: Port = 3002
