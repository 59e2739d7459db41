"""A wrong value is refused at start with its name, the value and what is allowed."""

from pathlib import Path

import pytest

from server.gateway_settings import NEEDED
from server.settings import SettingsError, load_settings


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BEDSIDE_CONFIG", raising=False)


def test_the_defaults_start_everything_embedded() -> None:
    settings = load_settings()
    assert settings.mqtt.broker == "embedded"
    assert settings.data.database_url == "sqlite:///data/bedside.sqlite"


def test_the_environment_goes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "bedside.toml"
    file.write_text("[web]\nhttp_port = 8001\nhttps_port = 8002\n")
    monkeypatch.setenv("BEDSIDE_CONFIG", str(file))
    monkeypatch.setenv("BEDSIDE_WEB__HTTP_PORT", "9001")
    web = load_settings().web
    assert (web.http_port, web.https_port) == (9001, 8002)


@pytest.mark.parametrize(
    ("variable", "value", "allowed"),
    [
        ("BEDSIDE_WEB__HTTP_PORT", "70000", "a port from 1 to 65535"),
        ("BEDSIDE_HOSPITAL__TIME_ZONE", "Mars/Olympus", "an IANA time zone"),
        ("BEDSIDE_DATA__DATABASE", "mysql://x", "sqlite:///PATH or postgresql://"),
        ("BEDSIDE_WEB__PUBLIC_URL", "hospital.example", "an origin such as"),
        ("BEDSIDE_CLINIC__RING_S", "-1", "greater than 0"),
        ("BEDSIDE_MQTT__BROKER", "kafka", "'embedded' or 'outside'"),
    ],
)
def test_a_refusal_gives_name_value_and_what_is_allowed(
    variable: str, value: str, allowed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert variable in str(refused.value)
    assert value in str(refused.value)
    assert allowed in str(refused.value)


@pytest.mark.parametrize(
    ("more", "allowed"),
    [
        ({"ACCOUNTS": "dynsec"}, "is for mqtt.broker = 'outside'"),
        ({"ACCOUNTS": "dynsec", "BROKER": "outside", "PASSWORD": "x"}, "needs mqtt.registry_password"),
        ({"ACCOUNTS": "http", "BROKER": "outside", "PASSWORD": "x"}, "needs mqtt.hook_secret"),
        ({"ACCOUNTS": "http", "BROKER": "outside", "HOOK_SECRET": "a" * 32}, "and mqtt.password"),
        ({"HOOK_SECRET": "short"}, "32 to 128 letters"),
    ],
)
def test_who_keeps_a_brokers_accounts_has_what_it_needs(
    more: dict[str, str], allowed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in more.items():
        monkeypatch.setenv(f"BEDSIDE_MQTT__{name}", value)
    with pytest.raises(SettingsError, match=allowed) as refused:
        load_settings()
    assert "short" not in str(refused.value)


def test_plain_mqtt_stays_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEDSIDE_MQTT__HOST", "192.0.2.7")
    with pytest.raises(SettingsError, match="plain MQTT stays on this machine"):
        load_settings()


@pytest.mark.parametrize(
    ("section", "allowed"),
    [
        ("[mllp]\nlisten = true", "allow and devices"),
        ("[mllp]\nlisten = true\nallow = ['10.0.0.7']", "allow and devices"),
        ("[astm]\nallow = ['meters']", "an address or network"),
        ("[poct1a]\ndevices = { '10.0.0.7' = '../GM' }", "a device's id"),
    ],
)
def test_a_listener_says_who_may_connect_and_which_device_that_is(
    section: str, allowed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "bedside.toml"
    file.write_text(section)
    monkeypatch.setenv("BEDSIDE_CONFIG", str(file))
    with pytest.raises(SettingsError, match=allowed):
        load_settings()


def test_a_misspelt_name_is_refused_and_not_ignored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEDSIDE_WEB__HTTP_PROT", "8080")
    with pytest.raises(SettingsError, match="BEDSIDE_WEB__HTTP_PROT"):
        load_settings()
    monkeypatch.delenv("BEDSIDE_WEB__HTTP_PROT")
    file = tmp_path / "bedside.toml"
    file.write_text("[web]\nhttp_prot = 1\n")
    monkeypatch.setenv("BEDSIDE_CONFIG", str(file))
    with pytest.raises(SettingsError, match="http_prot"):
        load_settings()


def test_a_secret_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEDSIDE_MQTT__PASSWORD", "hunter2-hunter2")
    assert "hunter2" not in repr(load_settings())


def test_every_wrong_value_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEDSIDE_WEB__HTTP_PORT", "70000")
    monkeypatch.setenv("BEDSIDE_LOG__LEVEL", "loud")
    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert len(str(refused.value).splitlines()) == 2


CHOICES = ("aliyun", "tencent", "twilio", "webhook", "smpp")


@pytest.mark.parametrize("choice", CHOICES)
def test_a_gateway_that_is_not_filled_in_stops_the_start_with_the_names(
    choice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BEDSIDE_GATEWAYS__SMS", choice)
    with pytest.raises(SettingsError) as refused:
        load_settings()
    said = str(refused.value)
    assert said.startswith(f'gateways.sms = "{choice}" needs {choice}.')
    assert all(f"{choice}.{name}" in said for name in NEEDED[choice])


def test_mail_and_push_that_are_not_filled_in_are_both_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEDSIDE_GATEWAYS__MAIL", "smtp")
    monkeypatch.setenv("BEDSIDE_GATEWAYS__PUSH", "webpush")
    monkeypatch.setenv("BEDSIDE_MAIL__HOST", "mail.example")
    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert str(refused.value).splitlines() == [
        'gateways.mail = "smtp" needs mail.sender',
        'gateways.push = "webpush" needs push.contact',
    ]


@pytest.mark.parametrize(
    ("variable", "value", "allowed"),
    [
        ("BEDSIDE_GATEWAYS__SMS", "pigeon", "'console', 'aliyun'"),
        ("BEDSIDE_TWILIO__ACCOUNT_SID", "SK123", "AC"),
        ("BEDSIDE_TWILIO__ENDPOINT", "http://api.twilio.com", "begins with https://"),
        ("BEDSIDE_WEBHOOK__URL", "ftp://x", "begins with https://"),
        ("BEDSIDE_SMPP__SYSTEM_ID", "longer-than-fifteen", "at most 15"),
        ("BEDSIDE_MAIL__SENDER", "nobody", "an address such as"),
        ("BEDSIDE_PUSH__CONTACT", "it@hospital.example", "mailto:"),
        ("BEDSIDE_ALIYUN__TEMPLATES", '[{"code": "1", "body": "【x】y"}]', "pattern"),
    ],
)
def test_a_wrong_value_of_a_gateway_is_refused_by_name(
    variable: str, value: str, allowed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert variable in str(refused.value)
    assert allowed in str(refused.value)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("BEDSIDE_WEBHOOK__SECRET", "hunter2-hunter2"),
        ("BEDSIDE_ALIYUN__RECEIPT_KEY", "hunter2-hunter2"),
        ("BEDSIDE_SMPP__PASSWORD", "hunter2-hunter2"),
    ],
)
def test_a_wrong_secret_is_named_and_not_shown(variable: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert variable in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_mail_without_tls_stays_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEDSIDE_MAIL__SECURITY", "none")
    monkeypatch.setenv("BEDSIDE_MAIL__HOST", "mail.example")
    with pytest.raises(SettingsError, match="is this machine"):
        load_settings()


def test_the_sample_file_is_valid_and_names_every_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    sample = Path(__file__).parents[2] / "settings.sample.toml"
    monkeypatch.setenv("BEDSIDE_CONFIG", str(sample))
    assert load_settings() == type(load_settings())()
    text = sample.read_text()
    for section, field in type(load_settings()).model_fields.items():
        names = getattr(field.annotation, "model_fields", None) or {section: None}
        for name in names:
            assert f"{name} =" in text, f"{section}.{name} is not in settings.sample.toml"
