"""The SMPP gateway and an SMSC: words arrive whole, receipts come back, and a lost line is bound again by itself."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from server.notifications.deliveries import DeliveryState, Receipt
from server.notifications.gateways.http import NotTaken
from server.notifications.gateways.smpp import SmppAccount, SmppGateway, Whole, WholeMessages
from server.notifications.gateways.smpp_link import SmppTimes
from server.notifications.outbox import Refused
from server.tls import ensure_certificates
from tests.gateways.letters import NOON, TEXT, gives_nothing_away, letter, noon
from tests.gateways.smsc import INVALID_DESTINATION, THROTTLED, Smsc, listening
from tests.ports import free_port

QUICK = SmppTimes(connect_s=5, answer_s=5, quiet_s=60, first_pause_s=0.02, longest_pause_s=0.1)
ACCOUNT = SmppAccount(
    host="127.0.0.1", port=0, system_id="bedside", password="s3cret", sender="+861069012345", tls=None
)
NOW = datetime.now(UTC)  # of certificates, which the TLS library judges by its own clock
LONG_ENGLISH = "Qingshan: your number is 7. " * 12 + "{[end]}"


@pytest.fixture
def smsc() -> Smsc:
    return Smsc()


@asynccontextmanager
async def running(gateway: SmppGateway) -> AsyncIterator[SmppGateway]:
    async with asyncio.TaskGroup() as tasks:
        keeper = tasks.create_task(gateway.run())
        try:
            yield gateway
        finally:
            keeper.cancel()


@pytest.fixture
async def gateway(smsc: Smsc) -> AsyncIterator[SmppGateway]:
    async with listening(smsc) as port, running(SmppGateway(replace(ACCOUNT, port=port), noon, QUICK)) as gateway:
        await until(lambda: gateway.bound)
        yield gateway


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():
            await asyncio.sleep(0.005)


async def test_a_chinese_text_arrives_whole(gateway: SmppGateway, smsc: Smsc) -> None:
    assert await gateway.send(letter(text=TEXT * 2)) == "id-3"
    assert smsc.telephone == [("+8613812345678", TEXT * 2)]
    assert [part["data_coding"] for part in smsc.submitted] == [8, 8, 8]


async def test_an_english_text_arrives_whole_and_takes_less(gateway: SmppGateway, smsc: Smsc) -> None:
    await gateway.send(letter(text=LONG_ENGLISH))
    assert smsc.telephone == [("+8613812345678", LONG_ENGLISH)]
    assert {part["data_coding"] for part in smsc.submitted} == {0}


async def test_a_short_text_is_one_part(gateway: SmppGateway, smsc: Smsc) -> None:
    assert await gateway.send(letter(text="No. 7 [now]")) == "id-1"
    assert smsc.telephone == [("+8613812345678", "No. 7 [now]")]


async def test_the_smsc_may_cut_instead(smsc: Smsc) -> None:
    async with listening(smsc) as port:
        account = replace(ACCOUNT, port=port, parts="payload")
        async with running(SmppGateway(account, noon, QUICK)) as gateway:
            await until(lambda: gateway.bound)
            assert await gateway.send(letter(text=TEXT * 3)) == "id-1"
    assert smsc.telephone == [("+8613812345678", TEXT * 3)]


async def test_a_repetition_has_the_reference_of_the_first(gateway: SmppGateway, smsc: Smsc) -> None:
    await gateway.send(letter())
    await gateway.send(letter())
    await gateway.send(letter(delivery_id="f" * 32))
    first, again, other = smsc.submitted[0], smsc.submitted[2], smsc.submitted[4]
    assert first["user_message_reference"] == again["user_message_reference"] != other["user_message_reference"]
    assert first["short_message"] == again["short_message"]


async def test_many_at_once_each_get_their_own_id(gateway: SmppGateway, smsc: Smsc) -> None:
    letters = [letter(delivery_id=f"{at:032x}", text=f"No. {at}") for at in range(50)]
    ids = await asyncio.gather(*(gateway.send(one) for one in letters))
    assert sorted(smsc.telephone) == sorted(("+8613812345678", f"No. {at}") for at in range(50))
    assert [smsc.submitted[int(str(one)[3:]) - 1]["short_message"].decode() for one in ids] == [
        one.text for one in letters
    ]


async def test_a_number_that_does_not_exist_is_final(gateway: SmppGateway, smsc: Smsc) -> None:
    smsc.status = INVALID_DESTINATION
    with pytest.raises(Refused, match="0x0b") as refused:
        await gateway.send(letter())
    assert gives_nothing_away(refused.value)


async def test_a_throttled_line_is_tried_again(gateway: SmppGateway, smsc: Smsc) -> None:
    smsc.status = THROTTLED
    with pytest.raises(NotTaken, match="0x58"):
        await gateway.send(letter())


async def test_an_answer_that_does_not_come_is_tried_again(smsc: Smsc) -> None:
    async with listening(smsc) as port:
        times = replace(QUICK, answer_s=0.05)
        async with running(SmppGateway(replace(ACCOUNT, port=port), noon, times)) as gateway:
            await until(lambda: gateway.bound)
            smsc.silent = True
            with pytest.raises(NotTaken, match="TimeoutError"):
                await gateway.send(letter())


async def test_receipts_are_told_and_acknowledged(gateway: SmppGateway, smsc: Smsc) -> None:
    told: list[Receipt] = []

    async def received(receipts: Sequence[Receipt]) -> None:
        told.extend(receipts)

    gateway.received = received
    one, other = await gateway.send(letter(text="a")), await gateway.send(letter(text="b"))
    assert await smsc.report(str(one)) == 0
    assert await smsc.report(str(other), "UNDELIV") == 0
    assert told == [
        Receipt("id-1", DeliveryState.DELIVERED, NOON),
        Receipt("id-2", DeliveryState.FAILED, NOON, "000"),
    ]


async def test_a_receipt_that_could_not_be_kept_is_asked_for_again(gateway: SmppGateway, smsc: Smsc) -> None:
    async def received(_: Sequence[Receipt]) -> None:
        raise OSError("the database is away")

    gateway.received = received
    assert await smsc.report("id-1") == 0x64
    assert gateway.bound


async def test_what_a_patient_writes_is_acknowledged_and_no_receipt(gateway: SmppGateway, smsc: Smsc) -> None:
    told: list[Receipt] = []

    async def received(receipts: Sequence[Receipt]) -> None:
        told.extend(receipts)

    gateway.received = received
    assert await smsc.deliver(b"id:id-1 stat:DELIVRD", esm_class=0) == 0
    assert told == []


async def test_a_message_in_parts_is_delivered_when_the_last_missing_part_is(gateway: SmppGateway, smsc: Smsc) -> None:
    told: list[Receipt] = []

    async def received(receipts: Sequence[Receipt]) -> None:
        told.extend(receipts)

    gateway.received = received
    assert await gateway.send(letter(text=TEXT * 2)) == "id-3"
    for part in ("id-3", "id-1", "id-1"):  # a receipt may come twice
        await smsc.report(part)
    assert told == []
    await smsc.report("id-2")
    assert told == [Receipt("id-3", DeliveryState.DELIVERED, NOON)]


async def test_receipts_that_come_with_the_answers_find_their_message(gateway: SmppGateway, smsc: Smsc) -> None:
    told: list[Receipt] = []

    async def received(receipts: Sequence[Receipt]) -> None:
        told.extend(receipts)

    gateway.received, smsc.eager = received, True
    assert await gateway.send(letter(text=TEXT * 2)) == "id-3"
    await until(lambda: len(told) > 0)
    assert told == [Receipt("id-3", DeliveryState.DELIVERED, NOON)]


async def test_one_lost_part_loses_the_message(gateway: SmppGateway, smsc: Smsc) -> None:
    told: list[Receipt] = []

    async def received(receipts: Sequence[Receipt]) -> None:
        told.extend(receipts)

    gateway.received = received
    await gateway.send(letter(text=TEXT * 2))
    await smsc.report("id-1", "EXPIRED")
    assert told == [Receipt("id-3", DeliveryState.EXPIRED, NOON, "000")]


async def test_a_line_that_was_cut_is_bound_again(gateway: SmppGateway, smsc: Smsc) -> None:
    smsc.hang_up()
    await until(lambda: smsc.binds == 2 and gateway.bound)
    assert await gateway.send(letter(text="again")) == "id-1"


async def test_until_it_is_bound_nothing_is_taken(smsc: Smsc) -> None:
    gateway = SmppGateway(replace(ACCOUNT, port=free_port()), noon, QUICK)
    with pytest.raises(NotTaken, match="not bound"):
        await gateway.send(letter())


async def test_an_smsc_that_comes_later_is_found(smsc: Smsc) -> None:
    port = free_port()
    async with running(SmppGateway(replace(ACCOUNT, port=port), noon, QUICK)) as gateway:
        await asyncio.sleep(0.1)
        async with listening(smsc, port):
            await until(lambda: gateway.bound)


async def test_a_wrong_password_is_tried_on_and_takes_nothing(smsc: Smsc) -> None:
    async with listening(smsc) as port:
        account = replace(ACCOUNT, port=port, password="other")
        async with running(SmppGateway(account, noon, QUICK)) as gateway:
            await asyncio.sleep(0.1)
            assert not gateway.bound
            smsc.password = "other"
            await until(lambda: gateway.bound)


async def test_a_quiet_line_is_asked_and_stays(smsc: Smsc) -> None:
    async with listening(smsc) as port:
        times = replace(QUICK, quiet_s=0.05)
        async with running(SmppGateway(replace(ACCOUNT, port=port), noon, times)) as gateway:
            await until(lambda: smsc.asked >= 3)
            assert gateway.bound
            assert smsc.binds == 1


async def test_a_line_that_is_dead_without_a_word_is_given_up(smsc: Smsc) -> None:
    async with listening(smsc) as port:
        times = replace(QUICK, quiet_s=0.05, answer_s=0.05)
        async with running(SmppGateway(replace(ACCOUNT, port=port), noon, times)) as gateway:
            await until(lambda: gateway.bound)
            smsc.silent = True
            await until(lambda: not gateway.bound)
            smsc.silent = False
            await until(lambda: gateway.bound)


async def test_under_tls_only_the_smsc_that_was_named_is_told_the_password(smsc: Smsc, tmp_path: Path) -> None:
    trusted, stranger = (ensure_certificates(tmp_path / who, ["127.0.0.1"], NOW) for who in ("ours", "theirs"))
    authority = ssl.create_default_context(cafile=trusted.authority)
    port = free_port()
    async with running(SmppGateway(replace(ACCOUNT, port=port, tls=authority), noon, QUICK)) as gateway:
        async with listening(smsc, port, stranger.context()):
            await asyncio.sleep(0.2)
            assert not gateway.bound
        async with listening(smsc, port, trusted.context()):
            await until(lambda: gateway.bound)
            await gateway.send(letter(text="secret"))
    assert smsc.binds == 1
    assert smsc.telephone == [("+8613812345678", "secret")]


async def test_at_the_end_it_takes_leave(smsc: Smsc) -> None:
    async with listening(smsc) as port:
        async with running(SmppGateway(replace(ACCOUNT, port=port), noon, QUICK)) as gateway:
            await until(lambda: gateway.bound)
        await until(lambda: smsc.left == 1)


def test_only_so_many_parts_are_remembered() -> None:
    wholes = WholeMessages()
    for at in range(11_000):
        wholes.add(Whole(2), f"part-{at}")
    assert wholes.said(Receipt("part-0", DeliveryState.DELIVERED, NOON)) is not None  # forgotten: as it came
    assert wholes.said(Receipt("part-10999", DeliveryState.DELIVERED, NOON)) is None
