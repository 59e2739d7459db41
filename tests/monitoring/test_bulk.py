"""Many devices from a list: looked through first, all or none, and the same list again adds none twice."""

import csv
import io

import pytest
import sqlalchemy as sa

from server.monitoring.credentials import secret_hash
from server.monitoring.errors import DeviceStateWrong, ImportHasErrors
from server.store.tables import devices
from tests.monitoring.house import DEVICE, OPERATOR, House
from tests.monitoring.test_claiming import BY_OPERATOR

LIST = b"model,serial,label\nPM10,A1,=cmd\nPM10,A2,\n"


def rows(written: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(written.decode("utf-8-sig"), newline="")))


async def test_a_dry_run_tells_what_would_happen_and_adds_nothing(house: House) -> None:
    report = await house.bulk.check(LIST + b"PM10,A3,,\nPM10,a1,\nOX,1,\n")
    assert (report.rows, report.new, report.existing) == (5, 3, 0)
    assert [(error.row, error.reason) for error in report.errors] == [(4, "wrong_columns"), (5, "twice_in_file")]
    taken = await house.bulk.check(f"model,serial,id\nOX,1,{DEVICE.lower()}\n".encode())
    assert [(error.column, error.reason) for error in taken.errors] == [("id", "id_taken")]
    assert len(await house.rows(sa.select(devices))) == 1


async def test_every_device_of_the_list_gets_its_credential_once(house: House) -> None:
    written = rows(await house.bulk.add(OPERATOR.actor, LIST, house.now, reissue=False))
    assert [(row["id"], row["result"], row["label"]) for row in written] == [
        ("PM10-A1", "added", "'=cmd"),
        ("PM10-A2", "added", "PM10 A2"),
    ]
    kept = {row.id: row.secret_hash for row in await house.rows(sa.select(devices))}
    assert all(kept[row["id"]] == secret_hash(row["secret"]) for row in written)
    assert house.registry_changes == ["PM10-A1", "PM10-A2"]
    assert (await house.audited())[-2:] == ["device.added", "device.added"]
    again = rows(await house.bulk.add(OPERATOR.actor, LIST, house.now, reissue=False))
    assert [(row["result"], row["secret"]) for row in again] == [("existing", ""), ("existing", "")]
    assert {row.id: row.secret_hash for row in await house.rows(sa.select(devices))} == kept


async def test_one_wrong_row_and_none_is_added(house: House) -> None:
    with pytest.raises(ImportHasErrors) as refused:
        await house.bulk.add(OPERATOR.actor, LIST + b"PM10,,\n", house.now, reissue=False)
    assert refused.value.rows == 1
    assert len(await house.rows(sa.select(devices))) == 1


async def test_credentials_that_were_lost_on_the_way_are_made_anew(house: House) -> None:
    """Of those that were never heard; a device that is dead stays dead."""
    first = rows(await house.bulk.add(OPERATOR.actor, LIST, house.now, reissue=False))
    await house.devices.revoke(OPERATOR.actor, "PM10-A2", house.now)
    report = await house.bulk.check(LIST)
    assert (report.new, report.existing, report.unheard) == (0, 2, 1)
    again = rows(await house.bulk.add(OPERATOR.actor, LIST, house.now, reissue=True))
    assert [row["result"] for row in again] == ["reissued", "existing"]
    [row] = await house.rows(sa.select(devices).where(devices.c.id == "PM10-A1"))
    assert row.secret_hash == secret_hash(again[0]["secret"]) != secret_hash(first[0]["secret"])
    with pytest.raises(DeviceStateWrong):
        await house.devices.rotate(OPERATOR.actor, "PM10-A2", house.now)


async def test_a_code_of_the_list_claims_its_device(house: House) -> None:
    [first, _] = rows(await house.bulk.add(OPERATOR.actor, LIST, house.now, reissue=False))
    assert first["claim_url"].endswith(f"/claim#{first['claim_code']}")  # for the QR code of a label
    assert (await house.claims.claim(BY_OPERATOR, first["claim_code"], house.now)).id == "PM10-A1"
