"""The table of rules packs. A province's own rules are a pack of its own, made from these by ``replace``."""

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from server.visits.policy.facts import Case, Opening
from server.visits.policy.pack import Pack
from server.visits.policy.retention import Clock, Kept
from server.visits.policy.rules import Rule, Source, Sure

YEARS_OF_PRACTICE: Final = 3
STEP_UP_FRESH: Final = timedelta(minutes=10)
YOUNG: Final = 6  # years

_ART_16: Final = Source("互联网诊疗管理办法（试行）2018 Art. 16", Sure.QUOTED)
_ART_19: Final = Source("互联网诊疗管理办法（试行）2018 Art. 19", Sure.TEXT_READ)
_ART_25: Final = Source("互联网诊疗管理办法（试行）2018 Art. 25", Sure.TEXT_READ)
_ART_13: Final = Source("互联网诊疗监管细则（试行）2022 Art. 13", Sure.QUOTED)
_ART_20: Final = Source("互联网诊疗监管细则（试行）2022 Art. 20", Sure.REMEMBERED)


def _young_without_guardian(case: Case) -> bool:
    return case.age < YOUNG and not case.guardian_present


def _young_without_specialist(case: Case) -> bool:
    return case.age < YOUNG and not case.standing.childrens


CN_2022: Final = Pack(
    id="cn-2022",
    version=1,
    region="CN",
    standing=(
        Rule[Opening](
            name="licence-valid",
            source=_ART_25,
            holds=lambda opening: opening.standing.is_licensed_on(opening.day),
            sentence="No valid licence of this doctor is on record: an operator enters its number and last day.",
            sentence_zh="没有该医师有效的执业证书记录，请前台录入证书编号和有效期。",
        ),
        Rule[Opening](
            name="three-years-of-practice",
            source=_ART_25,
            holds=lambda opening: opening.standing.has_practised_years(YEARS_OF_PRACTICE, opening.day),
            sentence="Three years of independent practice are asked for; the record does not show them.",
            sentence_zh="开展互联网诊疗须有3年以上独立临床工作经验，现有记录不满足。",
        ),
        Rule[Opening](
            name="institution-consent",
            source=_ART_25,
            holds=lambda opening: opening.standing.institution_consents,
            sentence="The consent of the institution where the doctor is registered is not on record.",
            sentence_zh="没有执业注册医疗机构同意的记录。",
        ),
    ),
    step_up=Rule[Opening](
        name="step-up",
        source=_ART_13,
        holds=lambda opening: opening.is_stepped_up_within(STEP_UP_FRESH),
        sentence="Show your second factor first: who receives patients must have proven who they are.",
        sentence_zh="请先完成二次验证：医师接诊前须进行实名认证。",
    ),
    treatment=(
        Rule[Case](
            name="prior-diagnosis",
            source=_ART_16,
            holds=lambda case: case.prior_diagnosis,
            sentence="No earlier diagnosis is attested: this visit is advice only, and nothing is prescribed.",
            sentence_zh="未确认既往明确诊断：本次仅提供咨询，不得开具处方。",
        ),
        Rule[Case](
            name="guardian-present",
            source=_ART_19,
            holds=lambda case: not _young_without_guardian(case),
            sentence="The child is under six: name the guardian who is present first.",
            sentence_zh="患儿未满6岁：请先登记在场的监护人。",
        ),
        Rule[Case](
            name="specialist-for-young-children",
            source=_ART_19,
            holds=lambda case: not _young_without_specialist(case),
            sentence="The child is under six: only a doctor of a children's department may treat it online.",
            sentence_zh="患儿未满6岁：须由相关专业（儿科）医师诊疗。",
        ),
    ),
    clocks=MappingProxyType(
        {
            Kept.RECORD: Clock(
                name="record-kept-15-years",
                years=15,
                source=_ART_20,
                sentence="This is part of the medical record, which is kept for fifteen years.",
                sentence_zh="该内容属于病历，须保存15年。",
            ),
            Kept.PROCESS: Clock(
                name="process-data-kept-3-years",
                years=3,
                source=_ART_20,
                sentence="What was exchanged in a visit is kept for three years.",
                sentence_zh="诊疗过程记录须保存3年。",
            ),
        }
    ),
)

# For trying out, and where other law holds: it asks for nothing and says so. What Bedside itself asks for stays.
NONE: Final = Pack(id="none", version=1, region="")

PACKS: Final[Mapping[str, Pack]] = MappingProxyType({pack.id: pack for pack in (CN_2022, NONE)})
