"""Why a record of a feed could not be taken: a table of causes, each with what was wrong and how to mend it."""

from collections.abc import Mapping
from dataclasses import dataclass

from catalog.errors import BadDescription, HubError, OrganisationNotFound
from catalog.text import Text
from ingest.errors import IngestError


@dataclass(frozen=True)
class Cause:
    """A kind of failure, as a steward sees it: what it is, and what can be done."""

    what: Text
    mend: Text


CAUSES: Mapping[str, Cause] = {
    "unreadable-record": Cause(
        Text(ko="레코드를 읽을 수 없음", en="the record cannot be read"),
        Text(
            ko="원문을 보고 원천 카탈로그의 담당자에게 고쳐 달라고 하십시오. 다음 수확 때 저절로 다시 시도합니다.",
            en="Look at what came, and ask the other catalogue to mend it; it is tried again at the next reading.",
        ),
    ),
    "personal-data": Cause(
        Text(ko="개인정보가 있다고 적힌 공개 데이터셋", en="an open dataset that is said to hold personal data"),
        Text(
            ko="원천에서 공개 등급을 제한하거나 개인정보 여부를 바로잡아야 합니다. "
            "이 허브에서 정한 공개 등급을 지키려면 피드의 '우리 필드'에 access_level을 더하십시오.",
            en="The source has to restrict its access level, or correct what it says of personal data.",
        ),
    ),
    "closed-for-good": Cause(
        Text(ko="보호 데이터셋을 열려고 함", en="it would open a guarded dataset"),
        Text(
            ko="보호 데이터셋은 다시 열 수 없습니다. 원천의 공개 등급을 '제한'으로 바꾸거나, 피드의 '우리 필드'에 access_level을 더하십시오.",
            en="A guarded dataset is never opened again; restrict it at the source, or add access_level to the feed's own fields.",
        ),
    ),
    "bad-name": Cause(
        Text(ko="쓸 수 없는 식별자", en="an identifier that cannot be used"),
        Text(
            ko="원천에서 이름을 영문 소문자와 숫자로 바꾸어야 합니다.",
            en="The source has to give it a name of lower-case letters and digits.",
        ),
    ),
    "bad-description": Cause(
        Text(ko="표준에 맞지 않는 설명", en="a description that the standard refuses"),
        Text(
            ko="표시된 필드를 원천에서 고치십시오. 고치지 못하면 그 필드를 선택에서 빼거나 데이터셋을 직접 등록하십시오.",
            en="Have the field named here mended at the source.",
        ),
    ),
    "organisation-missing": Cause(
        Text(ko="기관이 허브에 없음", en="its organisation is not in the hub"),
        Text(
            ko="기관을 먼저 등록한 뒤 '실패한 것만 다시'를 누르십시오.",
            en="Register the organisation, then try the failed ones again.",
        ),
    ),
    "ambiguous-match": Cause(
        Text(ko="어느 데이터셋이었는지 알 수 없음", en="it may be one of several that are here"),
        Text(
            ko="식별자가 바뀌었고, 내용이 같은 데이터셋이 여럿입니다. 어느 것인지 고르거나 새 데이터셋으로 받으십시오.",
            en="Its identifier changed and several datasets are alike; choose which it is, or take it as a new one.",
        ),
    ),
    "waits-for-whole": Cause(
        Text(ko="답이 온전할 때까지 기다림", en="it waits for a whole answer"),
        Text(
            ko="이미 있는 데이터셋과 같아 보이지만 원천의 답이 온전하지 않아 판단할 수 없습니다. 다음에 온전히 읽으면 저절로 풀립니다.",
            en="It looks like one that is here, but the answer was not whole; the next whole reading settles it.",
        ),
    ),
    "unforeseen": Cause(
        Text(ko="허브가 예상하지 못한 내용", en="something that the hub did not foresee"),
        Text(
            ko="허브의 결함일 수 있습니다. 원문과 함께 허브 개발자에게 알려 주십시오. 나머지 레코드는 받았습니다.",
            en="It may be a fault of the hub; report it with the record as it came. The others were taken.",
        ),
    ),
    "refused": Cause(
        Text(ko="허브가 받지 않음", en="the hub refused it"),
        Text(ko="적힌 이유를 보고 고치십시오.", en="Mend what the sentence says."),
    ),
}
UNFORESEEN = Text(ko="예상하지 못한 내용입니다 ({error})", en="it was not foreseen ({error})")


def cause_of(error: Exception) -> tuple[str, str, Text]:
    """Return the code of the cause, the field concerned ("" for none) and the sentence of an error."""
    if isinstance(error, BadDescription):
        field = error.problems[0][0]
        code = {"personal_data": "personal-data", "slug": "bad-name", "access_level": "closed-for-good"}.get(
            field.split(".")[0], "bad-description"
        )
        return code, field, problems_of(error)
    if isinstance(error, OrganisationNotFound):
        return "organisation-missing", "organisation", error.text
    if isinstance(error, (HubError, IngestError)):
        return "refused", "", error.text
    return "unforeseen", "", UNFORESEEN.format(error=f"{type(error).__name__}: {error}"[:500])


def problems_of(error: BadDescription) -> Text:
    return Text(
        ko=" · ".join(f"{name}: {text.in_language('ko')}" for name, text in error.problems),
        en=" · ".join(f"{name}: {text.in_language('en')}" for name, text in error.problems),
    )
