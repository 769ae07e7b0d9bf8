"""The rules of conformance: one row each, with what it demands and the sentence that says how to mend what breaks it.

Identifiers are stable and part of the API. What asks the rules is ``catalog/standard/conformance.py`` (a description as a
whole) and ``catalog/standard/forms.py`` (the form of one value).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from catalog.text import Text

TITLE_LENGTH = 200


class Level(StrEnum):
    """How grave it is to break a rule.

    FORM: nobody may store such a description. OBLIGATION: the standard wants it otherwise; own descriptions are refused,
    harvested ones are kept and reported. HINT: better otherwise; it never fails a description.
    """

    FORM = "form"
    OBLIGATION = "obligation"
    HINT = "hint"


@dataclass(frozen=True)
class Rule:
    """``demand`` is what holds for a good description, ``mend`` the sentence for a broken one with its values filled in."""

    identifier: str
    level: Level
    demand: Text
    mend: Text


def row(identifier: str, level: Level, demand: tuple[str, str], mend: tuple[str, str]) -> Rule:
    """Return a rule from one row of the table; ``demand`` and ``mend`` are (Korean, English)."""
    return Rule(identifier, level, Text(*demand), Text(*mend))


FORM, OBLIGATION, HINT = Level

# fmt: off
RULES: tuple[Rule, ...] = (
    # the form of a description
    row("unknown-field", FORM,
        ("표준에 있는 항목만 씁니다", "Only fields of the standard are used"),
        ("표준에 없는 항목입니다. 쓸 수 있는 것: {allowed}", "not a field of the standard; allowed: {allowed}")),
    row("form.list", FORM,
        ("값이 여럿인 항목은 목록입니다", "A field with several values is a list"),
        ("값의 목록 […]이어야 합니다", "must be a list of values […]")),
    row("form.text", FORM,
        ("글은 한국어와 영어로 적습니다", "Texts are in Korean and English"),
        ('{{"ko": "…", "en": "…"}} 형식이어야 합니다', 'must be {{"ko": "…", "en": "…"}}')),
    row("form.keywords", FORM,
        ("낱말은 언어마다 목록으로 적습니다", "Keywords are lists by language"),
        ('{{"ko": ["낱말", …], "en": […]}} 형식이어야 합니다', 'must be {{"ko": ["word", …], "en": […]}}')),
    row("form.string", FORM,
        ("이름과 번호는 한 줄의 글자입니다", "Names and numbers are one line of characters"),
        ("글자여야 합니다 (한 줄)", "must be a string of one line")),
    row("code", FORM,
        ("코드는 코드표에 있는 것입니다", "Codes are those of the vocabulary"),
        ("'{value}' 코드는 없습니다. 쓸 수 있는 것: {allowed}", "unknown code '{value}'; allowed: {allowed}")),
    row("form.region", FORM,
        ("지역은 법정동 코드로 적습니다", "Regions are legal region codes"),
        ("'{value}'은(는) 지역 코드가 아닙니다. 알려진 시도 코드로 시작하는 2, 5, 8, 10자리 숫자여야 합니다",
         "'{value}' is no region code; 2, 5, 8 or 10 digits that begin with a known province")),
    row("form.day", FORM,
        ("날짜는 YYYY-MM-DD로 적습니다", "Days are written YYYY-MM-DD"),
        ("'{value}'은(는) 날짜가 아닙니다. YYYY-MM-DD 형식의 있는 날짜여야 합니다", "'{value}' is no day; write it YYYY-MM-DD")),
    row("form.moment", FORM,
        ("일시는 날짜이거나 시간대가 있는 일시입니다", "Moments are days, or times with their offset"),
        ("'{value}'은(는) 일시가 아닙니다. YYYY-MM-DD 또는 YYYY-MM-DDThh:mm:ss+09:00으로 적어 주십시오",
         "'{value}' is no moment; write YYYY-MM-DD or YYYY-MM-DDThh:mm:ss+09:00")),
    row("form.period", FORM,
        ("기간은 처음과 끝의 날짜입니다", "A period has its first and last day"),
        ('{{"start": "YYYY-MM-DD", "end": "YYYY-MM-DD"}} 형식이어야 합니다',
         'must be {{"start": "YYYY-MM-DD", "end": "YYYY-MM-DD"}}')),
    row("form.duration", FORM,
        ("시간의 길이는 ISO 8601로 적습니다", "Durations are written in ISO 8601"),
        ("'{value}'은(는) 시간의 길이가 아닙니다. ISO 8601로 적어 주십시오 (5분: PT5M, 하루: P1D)",
         "'{value}' is no duration; write it in ISO 8601 (five minutes: PT5M, a day: P1D)")),
    row("form.integer", FORM,
        ("개수와 크기는 0 이상의 정수입니다", "Counts and sizes are whole numbers"),
        ("0 이상의 정수여야 합니다", "must be a whole number, not below 0")),
    row("form.decimal", FORM,
        ("수는 유한한 수입니다", "Numbers are finite"),
        ("수여야 합니다", "must be a number")),
    row("form.boolean", FORM,
        ("예/아니오는 참이나 거짓입니다", "Yes or no is true or false"),
        ("true 또는 false여야 합니다", "must be true or false")),
    row("form.part", FORM,
        ("딸린 설명은 제 항목을 가진 객체입니다", "A part is an object with fields of its own"),
        ('항목을 담은 객체 {{"…": …}}여야 합니다. 쓸 수 있는 것: {allowed}', 'must be an object {{"…": …}}; allowed: {allowed}')),
    row("form.email", FORM,
        ("전자우편은 주소의 형식을 지킵니다", "An e-mail has the form of one"),
        ("전자우편 주소가 아닙니다 (예: data@city.go.kr)", "not an e-mail address (as data@city.go.kr)")),
    row("form.organisation", FORM,
        ("기관은 식별자로 가리킵니다", "Organisations are named by their slug"),
        ("기관의 식별자(slug)여야 합니다", "must be the slug of an organisation")),
    row("form.reference", FORM,
        ("다른 설명은 식별자로 가리킵니다", "Other descriptions are named by their slug"),
        ("식별자(slug: 영문 소문자와 숫자를 '-'로 이은 것)여야 합니다",
         "must be a slug: lower-case letters and digits, joined by '-'")),
    row("form.page", FORM,
        ("페이지의 주소는 웹 주소입니다", "The address of a page is a web address"),
        ("http:// 또는 https://로 시작하는 주소여야 합니다", "must be an address that starts with http:// or https://")),
    row("form.address", FORM,
        ("주소(URI)는 절대 주소입니다", "A URI is absolute"),
        ("빈칸이 없는 절대 주소여야 합니다 (https://…, urn:…, mailto:… 등)",
         "must be an absolute URI without spaces (https://…, urn:…, mailto:… and so on)")),
    row("form.box", FORM,
        ("경계 상자는 네 수입니다", "A bounding box has four numbers"),
        ("[서, 남, 동, 북] 네 수여야 합니다 (도, WGS 84)", "must be four numbers: [west, south, east, north] in degrees (WGS 84)")),
    row("form.checksum", FORM,
        ("체크섬은 알고리즘과 16진수 값입니다", "A checksum has an algorithm and hexadecimal digits"),
        ('{{"algorithm": "…", "value": "16진수"}} 형식이어야 합니다. 알고리즘: {allowed}',
         'must be {{"algorithm": "…", "value": "hexadecimal digits"}}; algorithms: {allowed}')),
    row("form.identifier", FORM,
        ("식별자는 체계와 함께 적습니다", "An identifier comes with its scheme"),
        ('{{"notation": "…", "scheme": "…"}} 형식이어야 합니다', 'must be {{"notation": "…", "scheme": "…"}}')),
    row("form.agent", FORM,
        ("관계 기관은 이름과 주소로 적습니다", "Other organisations have a name and a URI"),
        ("{allowed}만 쓸 수 있고 name이나 uri가 있어야 합니다", "only {allowed} are allowed, with a name or a URI")),
    row("form.relation", FORM,
        ("관계는 대상과 구실로 적습니다", "A relation has a target and a role"),
        ('{{"target": "https://…", "role": "…"}} 형식이어야 합니다', 'must be {{"target": "https://…", "role": "…"}}')),
    # what nobody may publish
    row("personal-data.public", FORM,
        ("개인정보가 든 자료는 공개 등급이 아닙니다", "Data with personal data is not public"),
        ("개인정보 포함이 '{value}'인 자료는 공개할 수 없습니다. 비식별 조치를 하거나 공개 등급을 낮춰 주십시오",
         "data with personal data '{value}' cannot be public; remove what identifies persons, or close its access level")),
    row("personal-data.column", FORM,
        ("공개 자료에는 개인정보 열이 없습니다", "Public data has no column of personal data"),
        ("공개 자료에 개인정보 '{value}' 열을 둘 수 없습니다. 열을 빼거나 공개 등급을 낮춰 주십시오",
         "public data cannot have a column of personal data '{value}'; leave the column out, or close the access level")),
    # what the standard wants
    row("mandatory", OBLIGATION,
        ("필수 항목이 채워져 있습니다", "Mandatory fields are filled"),
        ("'{label}'은(는) 꼭 있어야 합니다", "'{label}' is mandatory")),
    row("korean", OBLIGATION,
        ("글에는 한국어가 있습니다", "Texts are there in Korean"),
        ("한국어 글이 있어야 합니다", "the Korean text is missing")),
    row("agent.name", OBLIGATION,
        ("관계 기관에는 이름이 있습니다", "Other organisations are named"),
        ("기관의 이름을 적어 주십시오", "give the name of the organisation")),
    row("text.length", OBLIGATION,
        (f"제목은 {TITLE_LENGTH}자를 넘지 않습니다", f"A title has at most {TITLE_LENGTH} characters"),
        (f"{TITLE_LENGTH}자를 넘을 수 없습니다", f"at most {TITLE_LENGTH} characters")),
    row("reason", OBLIGATION,
        ("닫힌 자료에는 사유가 있습니다", "Closed data says why it is closed"),
        ("제한된 자료에는 사유를 적어야 합니다", "restricted data needs a reason")),
    row("person-as-contact", OBLIGATION,
        ("담당은 개인이 아니라 부서입니다", "The contact is an office, never a person"),
        ("'{value}'은(는) 개인으로 보입니다. 부서의 이름과 부서의 번호를 적어 주십시오",
         "'{value}' looks like a person; name the office and its own number")),
    row("period.order", OBLIGATION,
        ("기간의 처음은 끝보다 늦지 않습니다", "A period starts before it ends"),
        ("시작이 끝보다 늦습니다", "the start is after the end")),
    row("next-update", OBLIGATION,
        ("차기 갱신일은 수정일보다 앞서지 않습니다", "The next update is not before the last one"),
        ("차기 갱신 예정일({value})이 수정일({modified})보다 빠릅니다. 다음에 갱신할 날을 적어 주십시오",
         "the next update ({value}) is before the last one ({modified}); give the day of the coming one")),
    row("box.order", OBLIGATION,
        ("경계 상자는 서, 남, 동, 북의 차례입니다", "A bounding box goes west, south, east, north"),
        ("서쪽이 동쪽보다, 남쪽이 북쪽보다 클 수 없습니다. [서, 남, 동, 북] 차례로 적어 주십시오",
         "west must not be greater than east, nor south than north; the order is [west, south, east, north]")),
    row("box.range", OBLIGATION,
        ("경계 상자는 경도 ±180, 위도 ±90 안에 있습니다", "A bounding box lies within ±180 and ±90 degrees"),
        ("경도는 -180~180, 위도는 -90~90이어야 합니다. 다른 좌표계라면 WGS 84 경위도로 바꿔 주십시오",
         "longitudes lie within ±180 and latitudes within ±90; convert other coordinates to WGS 84")),
    row("region.retired", OBLIGATION,
        ("지역 코드는 자료의 때에 쓰이던 것입니다", "A region code was valid at the time of the data"),
        ("'{value}' 코드는 {until}까지만 쓰였는데 자료는 {day}까지 다룹니다. {successor}",
         "the code '{value}' was valid until {until}, but the data reaches {day}. {successor}")),
    row("column.unique", OBLIGATION,
        ("열의 이름은 서로 다릅니다", "Columns have different names"),
        ("'{value}' 열이 둘 이상입니다", "there is more than one column '{value}'")),
    # what would be better
    row("recommended", HINT,
        ("권장 항목이 채워져 있습니다", "Recommended fields are filled"),
        ("'{label}'을(를) 적으면 좋습니다: {definition}", "'{label}' is recommended: {definition}")),
    row("law", HINT,
        ("닫힌 자료에는 근거 법령이 있습니다", "Closed data names the law that closes it"),
        ("공개를 막는 법령과 조항을 적으면 좋습니다", "name the law and article that keep the data from being open")),
    row("licence.unknown", HINT,
        ("이용허락이 정해져 있습니다", "The licence is known"),
        ("이용허락이 정해지지 않아 쓰는 사람이 무엇을 해도 되는지 알 수 없습니다. 공공누리나 CC 가운데 하나를 골라 주십시오",
         "nobody knows what may be done with the data; choose a KOGL or Creative Commons licence")),
    row("contact.personal-mail", HINT,
        ("담당 부서의 전자우편은 기관의 것입니다", "The e-mail of an office is the organisation's own"),
        ("'{value}'은(는) 개인이 쓰는 메일 서비스입니다. 기관의 대표 메일을 적어 주십시오",
         "'{value}' is a mail service of private persons; give the office's own address")),
    row("contact.maybe-person", HINT,
        ("담당은 개인이 아니라 부서입니다", "The contact is an office, never a person"),
        ("'{value}'에 개인을 가리키는 말이 있습니다. 부서의 이름만 적어 주십시오",
         "'{value}' speaks of a person; name the office alone")),
    row("region.retired-undated", HINT,
        ("지역 코드는 지금 쓰이는 것입니다", "A region code is in use"),
        ("'{value}' 코드는 {until}까지만 쓰였습니다. 그 뒤의 자료라면 코드를 바꾸고, 아니면 기간을 적어 주십시오. {successor}",
         "the code '{value}' was valid until {until}; change it for later data, or give the time covered. {successor}")),
)
# fmt: on

RULE: Mapping[str, Rule] = {rule.identifier: rule for rule in RULES}
