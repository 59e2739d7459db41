"""Where a link of a message leads: to the line, or to the place that is held."""

from zoneinfo import ZoneInfo

from server.access.links import link_token
from server.clinic.roster.letters import offer_link
from server.ids import new_id
from server.notifications.messages import Sender
from server.surroundings import House

KEY = bytes(range(32))
HOUSE = House(sender=Sender("青山", ZoneInfo("Asia/Shanghai"), ""), public_url="https://qs.example", link_key=KEY)


def test_a_join_link_leads_to_the_line() -> None:
    link = new_id()
    assert HOUSE.join_url(link) == f"https://qs.example/join#{link_token(KEY, link)}"


def test_an_offer_leads_to_the_page_that_books() -> None:
    link = offer_link(new_id())
    assert HOUSE.join_url(link) == f"https://qs.example/book#{link_token(KEY, link)}"
