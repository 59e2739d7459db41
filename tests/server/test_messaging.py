"""From settings to ladders and budgets: every setting has its effect, and where no gateway is, no such rung is."""

from datetime import timedelta

from server.messaging import WaysOut, _ways, limits_of
from server.notifications.budgets import Purse, Scope
from server.notifications.deliveries import Channel
from server.notifications.reach import Way
from server.settings import Budgets, Reach, Settings

OUT = WaysOut(confirms={Channel.SMS: True, Channel.MAIL: False})


def test_every_budget_is_the_one_that_its_setting_names() -> None:
    budgets = Budgets(day=1, phone=2, prefix=3, address=4, alarms_day=5, alarms_phone=6)
    assert limits_of(Settings(budgets=budgets)).of == {
        Purse.ORDINARY: {Scope.DAY: 1, Scope.PHONE: 2, Scope.PREFIX: 3, Scope.ADDRESS: 4},
        Purse.ALARMS: {Scope.DAY: 5, Scope.PHONE: 6},
    }


def test_each_way_has_its_patience_and_alarms_have_one_of_their_own() -> None:
    settings = Settings(reach=Reach(sms_s=7, mail_s=8, alarm_s=9))
    ordinary, alarms = (_ways(settings, OUT, alarms=alarms) for alarms in (False, True))
    assert ordinary == {
        Channel.SMS: Way(timedelta(seconds=7), confirms=True),
        Channel.MAIL: Way(timedelta(seconds=8), confirms=False),
    }
    assert {way.patience for way in alarms.values()} == {timedelta(seconds=9)}
