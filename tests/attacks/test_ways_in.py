"""Sign-ins and join links that are over: the cookie, the link and the open socket die together, and stay dead."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from server import desk
from server.settings import Data, Settings
from tests.attacks.screen import Screen
from tests.attacks.ward import LEI, MIN, NOBODY, PASSWORD, PATIENT, STAFF, Caller, Ward, Who, agree, book, token_of

CUT_S = 5.0


async def is_cut_in_time(screen: Screen, act: Callable[[], Awaitable[object]]) -> None:
    """``act`` happens, and within five seconds the socket is told goodbye and closed."""
    assert screen.goodbye is None
    await act()
    async with asyncio.timeout(CUT_S):
        while screen.goodbye is None or screen.io.connected:
            await asyncio.sleep(0.02)
    assert screen.goodbye == "revoked"


async def test_signing_out_ends_the_cookie_and_every_open_page_of_it(open_house: Ward) -> None:
    async with open_house.caller() as caller:
        doctor, elsewhere = await caller.sign_in("dr.a"), await caller.sign_in("dr.a")
        async with (
            Screen(open_house, doctor) as first,
            Screen(open_house, doctor) as second,
            Screen(open_house, elsewhere) as other,
        ):
            both = (
                is_cut_in_time(first, lambda: caller.take(doctor, "POST", "/sign-out")),
                is_cut_in_time(second, _wait),
            )
            await asyncio.gather(*both)
            assert other.goodbye is None, "another browser's sign-in is its own"
            await other.is_given("subscribe", {"topic": f"alarms:{doctor.owns['user']}"})
        assert (await caller.ask(doctor, "GET", "/me")).status == 401
        assert (await caller.ask(elsewhere, "GET", "/me")).status == 200


async def _wait() -> None:
    await asyncio.sleep(0)


@pytest.mark.parametrize("how", ["disabled", "a new password"])
async def test_who_is_disabled_or_given_a_new_password_loses_every_open_page(open_house: Ward, how: str) -> None:
    settings, login = Settings(data=Data(directory=open_house.hospital.data)), f"dr.{how[0]}.leaves"
    await desk.add_user(settings, desk.StaffWish("doctor", login, "Sun Hai", PASSWORD, None, "en"))

    async def act() -> None:
        if how == "disabled":
            await desk.disable_user(settings, login)
        else:
            await desk.set_password(settings, login, f"another-{PASSWORD}")

    async with open_house.caller() as caller:
        doctor = await caller.sign_in(login)
        async with Screen(open_house, doctor) as screen:
            await is_cut_in_time(screen, act)
        assert (await caller.ask(doctor, "GET", "/me")).status == 401
        reply = await caller.ask(NOBODY, "POST", "/sign-in", {"login": login, "password": PASSWORD})
        assert (reply.status, reply.kind) == (401, "wrong-password")


async def test_a_cookie_that_was_planted_is_never_taken_over(open_house: Ward) -> None:
    """Session fixation: whoever knows the cookie from before the sign-in has nothing after it."""
    async with open_house.caller() as caller:
        planted = await caller.sign_in("dr.b")
        typed = {"login": "dr.a", "password": "correct-horse-battery"}
        for old in (planted, Who("planted-by-somebody"), Who("x" * 43)):
            reply = await caller.ask(old, "POST", "/sign-in", typed)
            cookie = reply.headers["Set-Cookie"]
            assert reply.status == 200
            assert old.cookie not in cookie
            assert "HttpOnly" in cookie
            assert "SameSite=Lax" in cookie
        assert (await caller.take(planted, "GET", "/me"))["login"] == "dr.b"


async def _booked(caller: Caller, ward: Ward, login: str = "dr.a") -> tuple[Who, dict[str, Any], str]:
    """A doctor, a new ticket and its join token."""
    doctor = await caller.sign_in(login)
    session = (await caller.take(doctor, "GET", "/sessions"))[0]["id"]
    await caller.take(doctor, "POST", f"/sessions/{session}/open")
    ticket = await book(caller, doctor, session, MIN)
    return doctor, ticket, await token_of(caller, ward.operator, MIN.phone)


async def test_a_new_link_kills_the_old_one_with_its_sign_in_and_its_socket(open_house: Ward) -> None:
    async with open_house.caller() as caller:
        _, ticket, old_token = await _booked(caller, open_house)
        thief = await caller.join(old_token, MIN.birth_date)
        async with Screen(open_house, thief) as screen:
            await screen.is_given("subscribe", {"topic": f"ticket:{ticket['id']}"})
            reset = f"/tickets/{ticket['id']}/link"
            await is_cut_in_time(screen, lambda: caller.take(open_house.operator, "POST", reset))
        for path, body in (
            ("/join/look", {"token": old_token}),
            ("/join/check", {"token": old_token, "birth_date": MIN.birth_date}),
        ):
            reply = await caller.ask(NOBODY, "POST", path, body)
            assert (reply.status, reply.kind) == (410, "link-dead")
        assert (await caller.ask(thief, "GET", "/ticket")).status == 401
        new_token = await token_of(caller, open_house.operator, MIN.phone)
        assert new_token != old_token
        assert (await caller.take(await caller.join(new_token, MIN.birth_date), "GET", "/ticket"))["serial"] == ticket[
            "serial"
        ]


async def test_a_second_phone_takes_the_first_ones_place_and_its_page_is_cut(open_house: Ward) -> None:
    async with open_house.caller() as caller:
        _, _, token = await _booked(caller, open_house)
        first = await caller.join(token, MIN.birth_date)
        async with Screen(open_house, first) as screen:
            await is_cut_in_time(screen, lambda: caller.join(token, MIN.birth_date))
        assert (await caller.ask(first, "GET", "/ticket")).status == 401


async def test_the_link_of_an_ended_visit_is_dead_and_its_room_closed(open_house: Ward) -> None:
    async with open_house.caller() as caller:
        doctor, ticket, token = await _booked(caller, open_house, "dr.b")
        patient = await caller.join(token, MIN.birth_date)
        await agree(caller, patient)
        visit = (await caller.take(doctor, "POST", f"/sessions/{await _session(caller, doctor)}/call-next"))["visit"][
            "id"
        ]
        await caller.take(patient, "POST", "/ticket/answer")
        async with Screen(open_house, patient) as screen, Screen(open_house, doctor) as desk:
            await screen.is_given("join", {"room": visit})
            await desk.is_given("join", {"room": visit})
            await caller.take(doctor, "POST", f"/visits/{visit}/end", {"outcome": "completed"})
            signal = {"room": visit, "description": {"type": "offer", "sdp": "v=0\r\n"}}
            for page in (screen, desk):
                assert not (await page.say("join", {"room": visit}))["ok"]
                assert not (await page.say("signal", signal))["ok"]
            assert not desk.heard("signal")
        for path, body in (("/join/look", {}), ("/join/check", {"birth_date": MIN.birth_date})):
            reply = await caller.ask(NOBODY, "POST", path, {"token": token, **body})
            assert (reply.status, reply.kind) == (410, "link-dead")
        reset = await caller.ask(open_house.operator, "POST", f"/tickets/{ticket['id']}/link")
        assert (reset.status, reset.kind) == (409, "ticket-over")
        assert (await caller.ask(patient, "POST", "/ticket/answer")).status == 409


async def _session(caller: Caller, doctor: Who) -> str:
    return str((await caller.take(doctor, "GET", "/sessions"))[0]["id"])


async def test_knowing_one_familys_link_opens_no_other_ticket_of_the_same_telephone(open_house: Ward) -> None:
    """Two bookings share a number; each link opens its own with its own birth date only."""
    async with open_house.caller() as caller:
        _, _, token = await _booked(caller, open_house)
        reply = await caller.ask(NOBODY, "POST", "/join/check", {"token": token, "birth_date": LEI.birth_date})
        assert (reply.status, reply.kind, reply.body["tries_left"]) == (403, "wrong-birth-date", 4)
        assert "Set-Cookie" not in reply.headers
        assert "Zhao" not in str(reply.body)
        look = await caller.take(NOBODY, "POST", "/join/look", {"token": token})
        assert set(look) == {"hospital", "opens_at", "closes_at", "tries_left"}
        for name in (STAFF, PATIENT):
            assert (await caller.ask(Who(token, name), "GET", "/ticket" if name == PATIENT else "/me")).status == 401
