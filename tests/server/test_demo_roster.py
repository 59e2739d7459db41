"""The demonstration's roster: there after the first start, the same after the next."""

from datetime import UTC, datetime
from pathlib import Path

from server.access.roles import Role
from server.access.users import UserWish
from server.app import open_bedside
from server.clinic.roster.directory import Days
from server.demo_roster import POSTS, Occasion, make_roster
from server.settings import Data, Settings


async def test_it_can_be_booked_for_a_fortnight_and_is_made_once(tmp_path: Path) -> None:
    bedside = await open_bedside(Settings(data=Data(directory=tmp_path)), demo=True)
    rostering, now = bedside.services.rostering, datetime.now(UTC)
    wishes = [
        UserWish(login=post.login, name=post.login, role=Role.DOCTOR, password="correct-horse-battery")
        for post in POSTS
    ]
    users = [await bedside.services.users.create(wish, "system", now) for wish in wishes]
    occasion = Occasion({user.login: user.id for user in users}, now.date(), "en")
    await make_roster(rostering, occasion)
    templates = await rostering.directory.templates()
    await make_roster(rostering, occasion)
    assert await rostering.directory.templates() == templates
    gao = occasion.doctors["dr.gao"]
    sessions = await rostering.directory.bookable(gao, Days(now.date(), 14), now)
    assert len(sessions) >= 24
    assert {session.title for session in sessions} == {"General practice video clinic"}
    assert all(profile.institution_consent for profile in await rostering.directory.profiles())
    await bedside.store.close()
