"""Certificates of devices: whose they may be, how many, and what ends them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from server.monitoring.certificates import DeviceCertificates
from server.monitoring.errors import CertificateRefused, DeviceStateWrong, NotFound
from server.store.registry import DeviceRegistry, RegistryQueries
from tests.devices.authority import Authority
from tests.monitoring.house import DEVICE, OPERATOR, House

BY = OPERATOR.actor


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "authority")


@pytest.fixture
def certificates(house: House) -> DeviceCertificates:
    house.now = datetime.now(UTC)  # the authority's clock
    return house.certificates


def der(pem: str) -> bytes:
    return x509.load_pem_x509_certificate(pem.encode()).public_bytes(Encoding.DER)


async def snapshot(house: House) -> DeviceRegistry:
    async with house.store.read(RegistryQueries) as look:
        return DeviceRegistry(await look.registered())


async def test_a_bound_certificate_opens_the_door_for_its_device_alone(
    house: House, certificates: DeviceCertificates, authority: Authority
) -> None:
    pem = authority.signs(DEVICE).pem
    [bound] = await certificates.bind(BY, DEVICE, pem, house.now)
    assert bound.fingerprint == sha256(der(pem)).hexdigest()
    known = await snapshot(house)
    assert known.check_certificate(DEVICE, der(pem))
    assert not known.check_certificate("pulse-9", der(pem))
    assert not known.check_certificate(DEVICE, der(authority.signs(DEVICE).pem))  # as good, and bound to nobody
    assert (await house.device_reader.detail(OPERATOR, DEVICE)).certificates == [bound]
    assert (await house.audited())[-1] == "device.certificate_bound"


@pytest.mark.parametrize(
    ("pem", "reason"),
    [
        (lambda _: "no certificate", "malformed"),
        (lambda authority: authority.signs("pulse-9").pem, "wrong_name"),
        (lambda authority: authority.signs(DEVICE, datetime.now(UTC) - timedelta(minutes=1)).pem, "expired"),
    ],
)
async def test_what_cannot_be_this_devices_is_refused_by_name(
    house: House,
    certificates: DeviceCertificates,
    authority: Authority,
    pem: Callable[[Authority], str],
    reason: str,
) -> None:
    with pytest.raises(CertificateRefused) as refused:
        await certificates.bind(BY, DEVICE, pem(authority), house.now)
    assert refused.value.reason == reason


async def test_two_count_at_once_and_none_is_bound_twice(
    house: House, certificates: DeviceCertificates, authority: Authority
) -> None:
    old, new, third = (authority.signs(DEVICE).pem for _ in range(3))
    await certificates.bind(BY, DEVICE, old, house.now)
    with pytest.raises(CertificateRefused, match="bound before"):
        await certificates.bind(BY, DEVICE, old, house.now)
    await certificates.bind(BY, DEVICE, new, house.now)
    with pytest.raises(CertificateRefused, match="End one first"):
        await certificates.bind(BY, DEVICE, third, house.now)
    await certificates.end(BY, DEVICE, sha256(der(old)).hexdigest(), house.now)
    with pytest.raises(CertificateRefused, match="bound before"):
        await certificates.bind(BY, DEVICE, old, house.now)
    known = await snapshot(house)
    assert known.check_certificate(DEVICE, der(new))
    assert not known.check_certificate(DEVICE, der(old))


async def test_the_end_of_one_is_the_end_of_the_sessions_that_it_may_have_opened(
    house: House, certificates: DeviceCertificates, authority: Authority
) -> None:
    pem = authority.signs(DEVICE).pem
    known, read = DeviceRegistry(), partial(house.store.read, RegistryQueries)
    async with read() as look:
        known.replace(await look.registered())
        before = await look.version()
    [bound] = await certificates.bind(BY, DEVICE, pem, house.now)
    async with read() as look:
        assert not known.replace(await look.registered())  # one more cuts nobody
        assert before != (between := await look.version())
    await certificates.end(BY, DEVICE, bound.fingerprint, house.now)
    async with read() as look:
        assert known.replace(await look.registered()) == {DEVICE}
        assert between != await look.version()
    for nothing in (bound.fingerprint, "no hash", "00"):
        with pytest.raises(NotFound):
            await certificates.end(BY, DEVICE, nothing, house.now)


async def test_a_new_secret_ends_it_and_so_does_the_end_of_the_device(
    house: House, certificates: DeviceCertificates, authority: Authority
) -> None:
    """A device that was lost and is found again: who had it meanwhile may have copied its key."""
    first, second = (authority.signs(DEVICE).pem for _ in range(2))
    await certificates.bind(BY, DEVICE, first, house.now)
    await house.devices.lose(BY, DEVICE, house.now)
    with pytest.raises(DeviceStateWrong):
        await certificates.bind(BY, DEVICE, second, house.now)
    await house.devices.rotate(BY, DEVICE, house.now)
    assert not (await snapshot(house)).check_certificate(DEVICE, der(first))
    await certificates.bind(BY, DEVICE, second, house.now)
    await house.devices.revoke(BY, DEVICE, house.now)
    assert not (await snapshot(house)).check_certificate(DEVICE, der(second))
