"""What pages read: trends and live topics, and that findings stay with who may see them."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from devices.alarms import What
from server.access.principal import Principal
from server.monitoring.associations import Wish
from server.monitoring.errors import NotFound
from server.monitoring.reader import Trend
from server.monitoring.views import MetricView, MonitoringView, PatientView
from server.store.tables import associations, devices, tickets
from tests.monitoring.house import ADMIN, DEVICE, DOCTOR, FOREIGN, NOON, OPERATOR, House, low_spo2, silence


async def test_the_trend_of_the_last_minutes(house: House) -> None:
    for minute in (40, 20, 10):
        await house.hear(NOON - timedelta(minutes=minute), 100 - minute)
    view = await house.reader.readings(DOCTOR, "patient", Trend(["spo2", "temp"], 30, NOON))
    assert [value for _, value in view.series["spo2"]] == [80, 90]
    assert view.series["temp"] == []


@pytest.mark.parametrize("who", [FOREIGN, OPERATOR, ADMIN])
async def test_findings_of_a_foreign_patient_are_not_found(house: House, who: Principal) -> None:
    for patient in ("patient", "nobody"):
        with pytest.raises(NotFound):
            await house.reader.readings(who, patient, Trend(["spo2"], 30, NOON))
        assert not await house.reader.may_see(who, patient)


async def test_the_doctor_in_charge_sees_the_patient_as_long_as_the_device_is_worn(house: House) -> None:
    await house.execute(sa.delete(tickets))
    assert await house.reader.may_see(DOCTOR, "patient")
    await house.execute(sa.update(associations).values(until_at=NOON))
    assert not await house.reader.may_see(DOCTOR, "patient")


async def test_so_does_a_doctor_whose_session_the_patient_was_booked_into(house: House) -> None:
    await house.book("patient", FOREIGN)
    assert await house.reader.may_see(FOREIGN, "patient")


async def test_a_patients_topic_has_person_limits_newest_values_and_open_alarms(house: House) -> None:
    await house.hear(NOON - timedelta(seconds=2), 97)
    await house.hear(NOON - timedelta(seconds=1), 88)
    await house.commit(low_spo2(), silence())
    await house.commit(silence(What.ENDED))
    topic = await house.reader.patient_topic("patient", NOON)
    [record] = [one for one in await house.records() if one.episode.condition == "spo2.low"]
    assert topic["patient"] == PatientView("patient", "王小明", "male", date(1960, 5, 1), 66)
    metric = topic["metric/spo2"]
    assert isinstance(metric, MetricView)
    assert (metric.value, metric.device_id, metric.late) == (88, DEVICE, False)
    monitoring = topic["monitoring"]
    assert isinstance(monitoring, MonitoringView)
    assert (monitoring.profile, monitoring.reason) == ("adult-continuous", None)
    assert [device.id for device in monitoring.devices] == [DEVICE]
    assert [key for key in topic if key.startswith("alarm/")] == [f"alarm/{record.episode.id}"]


async def test_a_loud_device_does_not_hide_a_quiet_one(house: House) -> None:
    await house.devices.add(OPERATOR.actor, "thermo", "体温计", NOON)
    await house.associations.associate(DOCTOR, Wish("patient", "thermo", None), NOON)
    await house.hear(NOON - timedelta(hours=2), 71, metric="pulse_rate", device_id="thermo")
    await house.hear_each_second(301, 97)
    topic = await house.reader.patient_topic("patient", NOON)
    assert {"metric/spo2", "metric/pulse_rate"} <= topic.keys()


async def test_a_value_older_than_a_day_is_no_tiles_number(house: House) -> None:
    await house.hear(NOON - timedelta(hours=25), 97)
    assert "metric/spo2" not in await house.reader.patient_topic("patient", NOON)


async def test_why_no_limits_watch_is_said(house: House) -> None:
    async def reason(patient: str) -> str | None:
        view = (await house.reader.patient_topic(patient, NOON))["monitoring"]
        assert isinstance(view, MonitoringView)
        assert view.profile is None
        return view.reason

    for patient, born in (("grown", date(1990, 1, 1)), ("young", date(2015, 1, 1))):
        await house.add_patient(patient, born)
        await house.book(patient, DOCTOR)
        assert await reason(patient) == "no_device"
        await house.devices.add(OPERATOR.actor, patient, patient, NOON)
        await house.associations.associate(DOCTOR, Wish(patient, patient, None), NOON)
    assert (await reason("grown"), await reason("young")) == ("no_limits", "under_18")
    assert len(await house.rows(sa.select(devices))) == 3


async def test_a_device_without_limits_is_not_hidden_by_one_that_has_them(house: House) -> None:
    await house.devices.add(OPERATOR.actor, "oxi-2", "血氧仪二", NOON)
    await house.associations.associate(DOCTOR, Wish("patient", "oxi-2", None), NOON)
    view = (await house.reader.patient_topic("patient", NOON))["monitoring"]
    assert isinstance(view, MonitoringView)
    assert (view.profile, view.reason) == ("adult-continuous", "partly")
    assert {device.id: device.profile for device in view.devices} == {DEVICE: "adult-continuous", "oxi-2": None}


async def test_nobody_is_an_empty_topic(house: House) -> None:
    assert await house.reader.patient_topic("nobody", NOON) == {}


async def test_a_doctors_list_has_the_open_alarms_of_own_patients_only(house: House) -> None:
    await house.commit(low_spo2())
    [record] = await house.records()
    assert (await house.reader.alarms_topic("doctor", NOON)).keys() == {f"alarm/{record.episode.id}"}
    for stranger in ("foreign", "operator", "admin"):
        assert await house.reader.alarms_topic(stranger, NOON) == {}


async def test_a_consultation_keeps_alarms_on_the_list_for_a_day(house: House) -> None:
    await house.book("patient", FOREIGN, closes_at=NOON)
    await house.commit(low_spo2())
    assert await house.reader.alarms_topic("foreign", NOON + timedelta(hours=23))
    assert await house.reader.alarms_topic("foreign", NOON + timedelta(hours=24)) == {}
    assert await house.reader.alarms_topic("doctor", NOON + timedelta(hours=24))
