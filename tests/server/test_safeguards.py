"""Which rules a hospital is held to, and what is done for a lost telephone at the command line."""

from pathlib import Path
from typing import Literal

import pytest

from server import desk
from server.desk import DeskError
from server.safeguards import pack_of
from server.settings import Clinic, Data, Settings

Policy = Literal["auto", "cn-2022", "none"]


@pytest.mark.parametrize(
    ("policy", "demonstration", "pack"),
    [
        ("auto", False, "cn-2022"),
        ("auto", True, "none"),
        ("cn-2022", True, "cn-2022"),
        ("none", False, "none"),
    ],
)
def test_a_hospital_has_the_law_and_the_demonstration_only_where_it_is_asked_for(
    policy: Policy, demonstration: bool, pack: str
) -> None:
    settings = Settings(clinic=Clinic(policy=policy))
    assert pack_of(settings, demonstration=demonstration).id == pack


def test_by_itself_a_hospital_has_chinas_rules() -> None:
    assert pack_of(Settings(), demonstration=False).name == "cn-2022/1"


async def test_who_has_lost_the_telephone_begins_anew(tmp_path: Path) -> None:
    settings = Settings(data=Data(directory=tmp_path))
    wish = desk.StaffWish("doctor", "dr.li", "Li Min", "correct-horse-battery", None, "en")
    await desk.add_user(settings, wish)
    assert "Li Min" in await desk.reset_factors(settings, "dr.li")
    with pytest.raises(DeskError, match="nobody"):
        await desk.reset_factors(settings, "dr.lee")
