"""What kinds of values and obligations are called, and what is asked of a value, for people who read the standard."""

from collections.abc import Mapping

from catalog.standard.profile import Field, Kind, Obligation
from catalog.standard.rules import RULE
from catalog.text import Text

OBLIGATIONS: Mapping[Obligation, Text] = {
    Obligation.MANDATORY: Text(ko="필수", en="Mandatory"),
    Obligation.RECOMMENDED: Text(ko="권장", en="Recommended"),
    Obligation.OPTIONAL: Text(ko="선택", en="Optional"),
}
KINDS: Mapping[Kind, Text] = {
    Kind.TEXT: Text(ko="글 (한국어·영어)", en="Text (Korean, English)"),
    Kind.KEYWORDS: Text(ko="낱말 (한국어·영어)", en="Keywords (Korean, English)"),
    Kind.STRING: Text(ko="문자열", en="String"),
    Kind.CODE: Text(ko="코드", en="Code"),
    Kind.REGION: Text(ko="지역 코드", en="Region code"),
    Kind.DAY: Text(ko="날짜", en="Day"),
    Kind.MOMENT: Text(ko="날짜 또는 일시", en="Day, or date and time"),
    Kind.PERIOD: Text(ko="기간", en="Period"),
    Kind.DURATION: Text(ko="시간의 길이", en="Duration"),
    Kind.INTEGER: Text(ko="정수", en="Whole number"),
    Kind.DECIMAL: Text(ko="수", en="Number"),
    Kind.BOOLEAN: Text(ko="예/아니오", en="Yes or no"),
    Kind.CONTACT: Text(ko="담당 부서", en="Contact point"),
    Kind.ORGANISATION: Text(ko="기관", en="Organisation"),
    Kind.ADDRESS: Text(ko="주소 (URI)", en="URI"),
    Kind.REFERENCE: Text(ko="참조", en="Reference"),
    Kind.BOX: Text(ko="경계 상자", en="Bounding box"),
    Kind.CHECKSUM: Text(ko="체크섬", en="Checksum"),
    Kind.IDENTIFIER: Text(ko="식별자와 체계", en="Identifier with scheme"),
    Kind.AGENT: Text(ko="관계 기관", en="Agent"),
    Kind.ATTRIBUTION: Text(ko="관계 기관과 구실", en="Agent with role"),
    Kind.RELATION: Text(ko="관계", en="Relation"),
    Kind.PART: Text(ko="딸린 설명", en="Nested description"),
}
# The rule of conformance that tells the form of each kind.
FORM_RULES: Mapping[Kind, str] = {
    Kind.TEXT: "form.text",
    Kind.KEYWORDS: "form.keywords",
    Kind.STRING: "form.string",
    Kind.CODE: "code",
    Kind.REGION: "form.region",
    Kind.DAY: "form.day",
    Kind.MOMENT: "form.moment",
    Kind.PERIOD: "form.period",
    Kind.DURATION: "form.duration",
    Kind.INTEGER: "form.integer",
    Kind.DECIMAL: "form.decimal",
    Kind.BOOLEAN: "form.boolean",
    Kind.CONTACT: "form.part",
    Kind.ORGANISATION: "form.organisation",
    Kind.ADDRESS: "form.address",
    Kind.REFERENCE: "form.reference",
    Kind.BOX: "form.box",
    Kind.CHECKSUM: "form.checksum",
    Kind.IDENTIFIER: "form.identifier",
    Kind.AGENT: "form.agent",
    Kind.ATTRIBUTION: "form.agent",
    Kind.RELATION: "form.relation",
    Kind.PART: "form.part",
}
CARDINALITIES: Mapping[tuple[bool, bool], str] = {
    (True, False): "1..1",
    (True, True): "1..n",
    (False, False): "0..1",
    (False, True): "0..n",
}


def cardinality(field: Field) -> str:
    return CARDINALITIES[field.obligation is Obligation.MANDATORY, field.many]


def demand(field: Field) -> Text:
    """Return one sentence in each language that says what is asked of a field."""
    form = RULE[FORM_RULES[field.kind]].demand
    if field.obligation is not Obligation.MANDATORY:
        return Text(ko=f"'{field.label.ko}': {form.ko}.", en=f"'{field.label.en}': {form.en}.")
    return Text(
        ko=f"'{field.label.ko}'은(는) 꼭 있어야 합니다. {form.ko}.", en=f"'{field.label.en}' is mandatory. {form.en}."
    )
