"""The offer's message, and the token that it is taken by."""

from datetime import timedelta

from server.access.links import link_token, token_hash
from server.clinic.roster.letters import OFFER_PREFIX, Offer, offer_hash, offer_link, offered
from server.ids import new_id
from server.patients.patient import new_patient
from tests.clinic.house import KEY, NOW, SENDER, WANG
from tests.roster.house import TODAY

ENTRY = new_id()


def test_an_offer_is_told_apart_from_every_join_link_by_its_id() -> None:
    link = offer_link(ENTRY)
    assert link.startswith(OFFER_PREFIX)
    assert len(link) == len(ENTRY)
    assert not set(OFFER_PREFIX) <= set("0123456789abcdef")  # an id is hexadecimal


def test_the_store_keeps_the_hash_of_what_the_message_leads_to() -> None:
    assert offer_hash(KEY, ENTRY) == token_hash(link_token(KEY, offer_link(ENTRY)))
    assert offer_hash(KEY, ENTRY) != offer_hash(bytes(32), ENTRY)


def test_the_message_means_nothing_once_the_offer_is_over() -> None:
    patient = new_patient("p", WANG, TODAY, "CN")
    until = NOW + timedelta(hours=1)
    letter = offered(SENDER, patient, Offer(ENTRY, NOW + timedelta(hours=4), NOW, until))
    assert (letter.expires_at, letter.address, letter.cause) == (until, "+8613812345678", f"offer:{ENTRY}")
    assert "11月21日13:00" in letter.text.body
    assert "保留至11月21日10:00" in letter.text.body
    assert WANG.name not in letter.text.body
