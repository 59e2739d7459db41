"""What the law and care ask around a visit, wired: the rules pack, second factors, what is handed in and attested."""

from dataclasses import dataclass
from functools import partial

from server.access.factor_removal import FactorRemoval
from server.access.factors import SecondFactors
from server.access.passkeys import PasskeyChecks, relying_party
from server.access.passwords import Passwords
from server.access.roles import Role
from server.access.step_up import StepUp
from server.clinic.tell import Tell
from server.settings import Settings
from server.store.audit import AuditQueries
from server.store.engine import Store
from server.store.factors import FactorLookQueries, FactorQueries
from server.store.policy import OpeningLookQueries
from server.store.preparation import PreparationQueries
from server.store.visits import VisitQueries
from server.surroundings import House
from server.visits.attestation import Attestations
from server.visits.documents.service import Documents
from server.visits.opening import Admission
from server.visits.policy.pack import Pack
from server.visits.policy.packs import CN_2022, NONE, PACKS
from server.visits.preparation import Preparations


@dataclass(frozen=True, kw_only=True)
class Safeguards:
    admission: Admission
    factors: SecondFactors
    factor_removal: FactorRemoval
    step_up: StepUp
    preparations: Preparations
    documents: Documents
    attestations: Attestations


def pack_of(settings: Settings, *, demonstration: bool) -> Pack:
    """As set. By itself a hospital has China's rules, and the demonstration, whose doctors have no papers, none."""
    chosen = settings.clinic.policy
    if chosen == "auto":
        return NONE if demonstration else CN_2022
    return PACKS[chosen]


def build_safeguards(store: Store, house: House, tell: Tell, passwords: Passwords) -> Safeguards:
    """A TOTP secret is derived from the key of the links, and so is in no database."""
    begin_factor, look_factor = partial(store.write, FactorQueries), partial(store.read, FactorLookQueries)
    begin_preparation = partial(store.write, PreparationQueries)
    checks = PasskeyChecks(relying_party(house.public_url, house.sender.hospital))
    key, pack, zone = house.link_key, house.pack, house.sender.zone
    return Safeguards(
        admission=Admission(partial(store.write, AuditQueries), partial(store.read, OpeningLookQueries), pack, zone),
        factors=SecondFactors(begin_factor, look_factor, passwords=passwords, checks=checks, key=key),
        factor_removal=FactorRemoval(begin_factor, {Role.DOCTOR} if pack.step_up else frozenset()),
        step_up=StepUp(begin_factor, look_factor, checks=checks, key=key),
        preparations=Preparations(begin_preparation, tell),
        documents=Documents(begin_preparation, tell, pack, zone),
        attestations=Attestations(partial(store.write, VisitQueries), tell, pack),
    )
