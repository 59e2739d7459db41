"""Environment and file → one frozen Settings. The only reader of os.environ; settings.sample.toml is its manual."""

import os
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, SecretStr, ValidationError, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from server.gateway_settings import NEEDED, Aliyun, Gateways, Mail, Push, Smpp, Tencent, Twilio, Webhook
from server.listener_settings import AstmSection, MllpSection, Poct1aSection
from server.setting_types import (
    LOOPBACK,
    DatabaseUrl,
    HookSecret,
    HostAndPort,
    Network,
    Origin,
    Port,
    Seconds,
    Section,
    TimeZone,
)

ENVIRONMENT_PREFIX = "BEDSIDE_"
CONFIG_VARIABLE = "BEDSIDE_CONFIG"


Messages = Annotated[int, Field(ge=1)]


class SettingsError(Exception):
    """A setting that cannot be used: the message gives its name, the value found and what is allowed."""


class Hospital(Section):
    name: str = Field(default="青山互联网医院", min_length=1, max_length=60)
    telephone: str = Field(default="0571-0000 0000", min_length=3, max_length=30)
    time_zone: TimeZone = "Asia/Shanghai"
    region: str = Field(default="CN", pattern="^[A-Z]{2}$")
    locale: Literal["zh-CN", "en"] = "zh-CN"


class Web(Section):
    host: str = "0.0.0.0"  # noqa: S104 – a phone on the same network has to reach it
    http_port: Port = 8080
    https_port: Port = 8443
    public_url: Origin = ""
    certificate: Path | None = None
    key: Path | None = None
    trusted_proxies: tuple[Network, ...] = ()
    connections_an_address: Annotated[int, Field(ge=10, le=100_000)] = 600
    connections_uncounted: tuple[Network, ...] = ("127.0.0.1", "::1")

    @model_validator(mode="after")
    def certificate_and_key_go_together(self) -> Self:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("web.certificate and web.key: both or neither")
        return self


class Data(Section):
    directory: Path = Path("data")
    database: DatabaseUrl = ""

    @property
    def database_url(self) -> str:
        return self.database or f"sqlite:///{self.directory / 'bedside.sqlite'}"


class Mqtt(Section):
    broker: Literal["embedded", "outside"] = "embedded"
    client: Literal["wire", "paho"] = "wire"
    host: str = "127.0.0.1"
    port: Port = 1883
    tls_port: Port = 8883
    device_ca: Path | None = None
    username: str = "bedside-server"
    password: SecretStr = SecretStr("")
    tls: bool = False
    ca: Path | None = None
    accounts: Literal["hand", "dynsec", "http"] = "hand"
    accounts_kept: tuple[str, ...] = ()
    registry_username: str = "bedside-registry"
    registry_password: SecretStr = SecretStr("")
    hook_secret: HookSecret = SecretStr("")

    @model_validator(mode="after")
    def who_keeps_the_accounts_can(self) -> Self:
        """The embedded broker asks the registry itself."""
        needs = {"dynsec": "registry_password", "http": "hook_secret"}.get(self.accounts)
        if needs and self.broker != "outside":
            raise ValueError(f"mqtt.accounts: {self.accounts!r} is for mqtt.broker = 'outside'")
        if needs and not (getattr(self, needs) and self.password):
            raise ValueError(f"mqtt.accounts: {self.accounts!r} needs mqtt.{needs} and mqtt.password")
        return self

    reached_at: HostAndPort = ""

    @model_validator(mode="after")
    def plain_mqtt_stays_on_this_machine(self) -> Self:
        if self.host not in LOOPBACK and not self.tls:
            raise ValueError(
                "mqtt.host: 127.0.0.1, ::1 or localhost while mqtt.tls is false (plain MQTT stays on this machine)"
            )
        return self


class Clinic(Section):
    ring_s: Seconds = 45
    media_s: Seconds = 15
    late_grace_s: Seconds = 600
    policy: Literal["auto", "cn-2022", "none"] = "auto"


class Alarms(Section):
    acknowledge_s: Seconds = 120


class Readings(Section):
    single_days: Annotated[int, Field(ge=0, le=36_525)] = 0


class Reach(Section):
    push_s: Seconds = 30
    sms_s: Seconds = 120
    mail_s: Seconds = 900
    alarm_s: Seconds = 45


class Budgets(Section):
    day: Messages = 20_000
    phone: Messages = 40
    prefix: Messages = 400
    address: Messages = 60
    alarms_day: Messages = 20_000
    alarms_phone: Messages = 1_000


class Ice(Section):
    urls: tuple[str, ...] = ()
    turn_urls: tuple[str, ...] = ()
    turn_secret: SecretStr = SecretStr("")


class Log(Section):
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
    mllp: MllpSection = MllpSection()
    poct1a: Poct1aSection = Poct1aSection()
    astm: AstmSection = AstmSection()
    clinic: Clinic = Clinic()
    alarms: Alarms = Alarms()
    readings: Readings = Readings()
    reach: Reach = Reach()
    budgets: Budgets = Budgets()
    ice: Ice = Ice()
    gateways: Gateways = Gateways()
    aliyun: Aliyun = Aliyun()
    tencent: Tencent = Tencent()
    twilio: Twilio = Twilio()
    webhook: Webhook = Webhook()
    smpp: Smpp = Smpp()
    mail: Mail = Mail()
    push: Push = Push()
    log: Log = Log()

    @model_validator(mode="after")
    def chosen_gateways_are_complete(self) -> Self:
        """A message that finds no way out at noon is found at start instead."""
        refused = []
        for section, choice in self.gateways.sections().items():
            missing = [f"{section}.{name}" for name in NEEDED[section] if not getattr(getattr(self, section), name)]
            refused += [f"{choice} needs {', '.join(missing)}"] if missing else []
        if refused:
            raise ValueError("\n".join(refused))
        return self

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
    allowed = str(error["msg"]).removeprefix("Value error, ")
    if not path:  # what concerns several sections names them itself
        return allowed
    secret = any(word in path[-1] for word in ("secret", "password", "token", "key"))
    given = (
        ""
        if secret or (error["type"] == "value_error" and isinstance(error["input"], dict))
        else f" = {error['input']!r}"
    )
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
