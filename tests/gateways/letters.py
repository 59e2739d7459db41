"""A letter to send, a clock to send it by, and a way to say that an error gives nothing of it away."""

from dataclasses import replace
from datetime import UTC, datetime

from server.notifications.deliveries import Letter

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
TEXT = (
    "【青山医院】您的就诊号为7号，11月21日20:00开始看诊。请用手机打开本链接签到候诊： https://visit.example/join#s3cret"
)
LETTER = Letter(
    delivery_id="0123456789abcdef0123456789abcdef",
    address="+8613812345678",
    text=TEXT,
    template="booked",
    locale="zh-CN",
    urgent=False,
)


def noon() -> datetime:
    return NOON


def letter(**changed: object) -> Letter:
    return replace(LETTER, **changed)  # type: ignore[arg-type]


def gives_nothing_away(error: BaseException) -> bool:
    """Neither number nor words nor link, in the error and in whatever a traceback would print behind it."""
    said = str(error)
    while error.__cause__ or (error.__context__ and not error.__suppress_context__):
        error = error.__cause__ or error.__context__  # type: ignore[assignment]
        said += str(error)
    return not any(word in said for word in ("13812345678", "wang@example.cn", "s3cret", "就诊号"))
