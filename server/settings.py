"""Environment and file → one frozen Settings. The only reader of os.environ; settings.sample.toml is its manual."""

import os
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

ENVIRONMENT_PREFIX = "BEDSIDE_"
CONFIG_VARIABLE = "BEDSIDE_CONFIG"


class SettingsError(Exception):
    """A setting that cannot be used: the message gives its name, the value found and what is allowed."""


def _port(value: int) -> int:
    if not 0 <= value <= 65535:
        raise ValueError("a port from 1 to 65535, or 0 for any free one")
    return value


def _time_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError("an IANA time zone, such as Asia/Shanghai") from None
    return value


def _network(value: str) -> str:
    try:
        return str(ip_network(value))
    except ValueError:
        raise ValueError("an address or network, such as 127.0.0.1 or 10.0.0.0/8") from None


def _database_url(value: str) -> str:
    if value and urlsplit(value).scheme not in {"sqlite", "postgresql"}:
        raise ValueError("empty (an SQLite file in the data directory), sqlite:///PATH or postgresql://USER@HOST/NAME")
    return value


def _origin(value: str) -> str:
    if value and (
        urlsplit(value).scheme not in {"http", "https"} or not urlsplit(value).netloc or urlsplit(value).path.strip("/")
    ):
        raise ValueError("empty (found by itself) or an origin such as https://visit.hospital.example")
    return value.rstrip("/")


Port = Annotated[int, AfterValidator(_port)]
Seconds = Annotated[float, Field(gt=0, le=86_400)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Hospital(_Section):
    name: str = Field(default="青山互联网医院", min_length=1, max_length=60)
    telephone: str = Field(default="0571-0000 0000", min_length=3, max_length=30)
    time_zone: Annotated[str, AfterValidator(_time_zone)] = "Asia/Shanghai"
    region: str = Field(default="CN", pattern="^[A-Z]{2}$")
    locale: Literal["zh-CN", "en"] = "zh-CN"


class Web(_Section):
    host: str = "0.0.0.0"  # noqa: S104 – a phone on the same network has to reach it
    http_port: Port = 8080
    https_port: Port = 8443
    public_url: Annotated[str, AfterValidator(_origin)] = ""
    certificate: Path | None = None
    key: Path | None = None
    trusted_proxies: tuple[Annotated[str, AfterValidator(_network)], ...] = ()

    @model_validator(mode="after")
    def certificate_and_key_go_together(self) -> Self:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("web.certificate and web.key: both or neither")
        return self


class Data(_Section):
    directory: Path = Path("data")
    database: Annotated[str, AfterValidator(_database_url)] = ""

    @property
    def database_url(self) -> str:
        return self.database or f"sqlite:///{self.directory / 'bedside.sqlite'}"


class Mqtt(_Section):
    broker: Literal["embedded", "outside"] = "embedded"
    host: str = "127.0.0.1"
    port: Port = 1883
    tls_port: Port = 8883
    username: str = "bedside-server"
    password: SecretStr = SecretStr("")
    tls: bool = False
    ca: Path | None = None

    @model_validator(mode="after")
    def plain_mqtt_stays_on_this_machine(self) -> Self:
        loopback = self.host in {"127.0.0.1", "::1", "localhost"}
        if not loopback and not self.tls:
            raise ValueError(
                "mqtt.host: 127.0.0.1, ::1 or localhost while mqtt.tls is false (plain MQTT stays on this machine)"
            )
        return self


class Clinic(_Section):
    ring_s: Seconds = 45
    media_s: Seconds = 15


class Alarms(_Section):
    acknowledge_s: Seconds = 120


class Ice(_Section):
    urls: tuple[str, ...] = ()
    turn_urls: tuple[str, ...] = ()
    turn_secret: SecretStr = SecretStr("")


class Log(_Section):
    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "json", "pretty"] = "auto"


class Settings(BaseSettings):
    """Everything that may differ between two installations. Frozen: read once, at start."""

    model_config = SettingsConfigDict(
        env_prefix=ENVIRONMENT_PREFIX, env_nested_delimiter="__", frozen=True, extra="forbid"
    )

    hospital: Hospital = Hospital()
    web: Web = Web()
    data: Data = Data()
    bus: Annotated[str, Field(pattern=r"^(memory|redis://.+|rediss://.+)$")] = "memory"
    mqtt: Mqtt = Mqtt()
    clinic: Clinic = Clinic()
    alarms: Alarms = Alarms()
    ice: Ice = Ice()
    log: Log = Log()

    @classmethod
    def settings_customise_sources(  # noqa: PLR0917 – pydantic-settings calls it so
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 – the names are pydantic's
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment goes before the file, so that one value can be tried without editing."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, _config_file())


def _config_file() -> Path | None:
    named = os.environ.get(CONFIG_VARIABLE)
    if named and not Path(named).is_file():
        raise SettingsError(f"{CONFIG_VARIABLE} = {named!r}: no such file")
    return Path(named) if named else None


def load_settings() -> Settings:
    """Read file and environment. Raises SettingsError that lists every wrong value at once."""
    try:
        settings = Settings()
    except ValidationError as wrong:
        raise SettingsError("\n".join(_sentence(error) for error in wrong.errors(include_url=False))) from None
    except ValueError as wrong:  # a TOML file that does not parse
        raise SettingsError(f"{os.environ.get(CONFIG_VARIABLE)}: {wrong}") from None
    _refuse_unknown_variables()
    return settings


def _sentence(error: ErrorDetails) -> str:
    path = [str(part) for part in error["loc"]]
    secret = any(word in path[-1] for word in ("secret", "password")) if path else False
    given = (
        ""
        if secret or (error["type"] == "value_error" and isinstance(error["input"], dict))
        else f" = {error['input']!r}"
    )
    allowed = str(error["msg"]).removeprefix("Value error, ")
    return f"{'.'.join(path)} ({ENVIRONMENT_PREFIX}{'__'.join(path).upper()}){given}: {allowed}"


def _refuse_unknown_variables() -> None:
    known = {CONFIG_VARIABLE, *(_variable(group, name) for group, name in _names())}
    unknown = sorted(name for name in os.environ if name.startswith(ENVIRONMENT_PREFIX) and name not in known)
    if unknown:
        raise SettingsError(f"{', '.join(unknown)}: no such setting; settings.sample.toml lists them all")


def _variable(group: str, name: str) -> str:
    return ENVIRONMENT_PREFIX + (f"{group}__{name}" if name else group).upper()


def _names() -> list[tuple[str, str]]:
    """Every setting as (section, name); a setting without section has an empty name."""
    names: list[tuple[str, str]] = []
    for group, field in Settings.model_fields.items():
        section = field.annotation
        is_section = isinstance(section, type) and issubclass(section, BaseModel)
        names += [(group, name) for name in section.model_fields] if is_section else [(group, "")]  # type: ignore[union-attr]
    return names
