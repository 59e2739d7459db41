"""A doctor with two browsers, and the services of second factors over a real store."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Self

from server.access.factors import SecondFactors
from server.access.passkeys import PasskeyChecks, relying_party
from server.access.passwords import Passwords
from server.access.principal import Principal
from server.access.step_up import StepUp
from server.access.totp import code_at
from server.store import tables
from server.store.engine import Store
from server.store.factors import FactorLookQueries, FactorQueries
from tests.access.authenticator import Authenticator
from tests.access.people import CHEAP, DESK, LINK_KEY, NOW, PASSWORD, add_staff, rows_of, sign_ins_of

ORIGIN = "https://hospital.example"


@dataclass
class FactorHouse:
    """``elsewhere`` is the same doctor, signed in in another browser."""

    store: Store
    doctor: Principal
    elsewhere: Principal
    factors: SecondFactors
    step_up: StepUp

    @classmethod
    async def of(cls, store: Store, public_url: str = ORIGIN) -> Self:
        user = await add_staff(store)
        signed_in = [await sign_ins_of(store).sign_in(user.login, PASSWORD, DESK, NOW) for _ in range(2)]
        begin, look = partial(store.write, FactorQueries), partial(store.read, FactorLookQueries)
        checks = PasskeyChecks(relying_party(public_url, "Hospital"))
        factors = SecondFactors(begin, look, passwords=Passwords(CHEAP), checks=checks, key=LINK_KEY)
        here, there = (each.principal for each in signed_in)
        return cls(store, here, there, factors, StepUp(begin, look, checks=checks, key=LINK_KEY))

    async def with_app(self, now: datetime = NOW) -> str:
        """An authenticator app, enrolled: its secret. The code of ``now`` is used."""
        enrolled = await self.factors.enrol_totp(self.doctor, PASSWORD, "Hospital", now)
        await self.factors.confirm_totp(self.doctor, code_at(enrolled.secret, now), now)
        return enrolled.secret

    async def with_passkey(self, now: datetime = NOW) -> Authenticator:
        key = Authenticator(ORIGIN, "hospital.example")
        options = await self.factors.passkey_creation(self.doctor, PASSWORD, now)
        await self.factors.add_passkey(self.doctor, key.create(options), "Key", now)
        return key

    async def use(self, key: Authenticator, now: datetime = NOW) -> None:
        await self.step_up.by_passkey(self.doctor, key.get(await self.step_up.passkey_request(self.doctor, now)), now)

    async def stepped_up(self, principal: Principal) -> datetime | None:
        return (await self.factors.factors(principal)).stepped_up_at

    async def everything(self) -> list[dict[str, Any]]:
        return [row for table in (tables.totp_factors, tables.audit) for row in await rows_of(self.store, table)]
