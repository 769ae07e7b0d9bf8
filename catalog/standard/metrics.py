"""The European Union's metadata quality assessment (MQA) as a table: every metric, its points and how to earn them.

Definitions: DQV metrics of piveau (``https://piveau.eu/ns/voc#``). A metric of a distribution is asked of one distribution
at a time; which one counts is decided in ``catalog/standard/quality.py``. The sum of the points is the maximum: nowhere is
there a second number.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from catalog.standard.evidence import Evidence, Reference, Source
from catalog.standard.forms import is_blank
from catalog.standard.links import LINK_STATES
from catalog.standard.vocabularies import Concept, label_of, vocabulary
from catalog.text import Text

PIVEAU = "https://piveau.eu/ns/voc#"
EU_AUTHORITY = "http://publications.europa.eu/resource/authority/"
Description = Mapping[str, Any]
Scope = Literal["dataset", "distribution"]


@dataclass(frozen=True)
class Subject:
    """What a metric looks at: a description, one of its distributions (with its number), and the evidence."""

    description: Description
    evidence: Evidence
    distribution: Description | None = None
    number: int = 0

    def value(self, name: str) -> Any:  # noqa: ANN401
        """Return a field of the dataset that its publisher filled."""
        return None if name in self.evidence.assumed else self.description.get(name)

    def part(self, name: str) -> Any:  # noqa: ANN401
        """Return a field of the distribution."""
        return (self.distribution or {}).get(name)

    @property
    def is_own(self) -> bool:
        """Tell whether the distribution is one that the hub itself makes of its records."""
        return self.part("download_url") in self.evidence.own

    def place(self, name: str) -> str:
        """Return where a field of the distribution stands."""
        return f"distributions.{self.number}.{name}"

    @property
    def licence(self) -> str:
        """The licence of the distribution, else of the dataset; an unknown one is none."""
        code = self.part("licence") or self.value("licence") or ""
        return "" if code == "unknown" else code


@dataclass(frozen=True)
class Outcome:
    """What a metric saw: whether it is met, in words, and where that can be checked."""

    is_met: bool
    text: Text
    references: tuple[Reference, ...] = ()
    mend: Text = Text()


@dataclass(frozen=True)
class Metric:
    """One row: ``field`` is what to fill; ``uri`` the DQV metric it belongs to."""

    identifier: str
    dimension: str
    scope: Scope
    points: int
    field: str
    label: Text
    measures: Text
    mend: Text
    uri: str
    check: Callable[[Subject], Outcome]


DIMENSIONS: Mapping[str, Text] = {
    "findability": Text(ko="찾기 쉬움", en="Findability"),
    "accessibility": Text(ko="접근하기 쉬움", en="Accessibility"),
    "interoperability": Text(ko="함께 쓰기 쉬움", en="Interoperability"),
    "reusability": Text(ko="다시 쓰기 쉬움", en="Reusability"),
    "contextuality": Text(ko="맥락", en="Contextuality"),
}


def filled(*names: str) -> Callable[[Subject], Outcome]:
    """Return the check that one of a dataset's fields says something."""

    def check(subject: Subject) -> Outcome:
        found = [name for name in names if not is_blank(subject.value(name))]
        return Outcome(
            bool(found), tell(subject.value(found[0]), found[0]) if found else EMPTY, fields(*(found or names))
        )

    return check


def filled_part(name: str) -> Callable[[Subject], Outcome]:
    """Return the check that a distribution's field says something."""

    def check(subject: Subject) -> Outcome:
        value = subject.part(name)
        return Outcome(
            not is_blank(value), EMPTY if is_blank(value) else tell(value, name), fields(subject.place(name))
        )

    return check


def answers(name: str) -> Callable[[Subject], Outcome]:
    """Return the check that an address of a distribution answers with a status of 200 to 299."""

    def check(subject: Subject) -> Outcome:
        url = subject.part(name)
        if not url:
            return Outcome(False, NO_ADDRESS, fields(subject.place(name)))
        if url in subject.evidence.own:
            return Outcome(True, OWN_ADDRESS, (Reference(Source.LINK, url),))
        link = subject.evidence.links.get(url)
        if link is None:
            return Outcome(False, NOT_TRIED, (Reference(Source.LINK, url),), WAIT)
        status = str(link.status) if link.status else "–"
        text = TRIED.format(state=LINK_STATES[link.state], status=status, at=f"{link.checked_at:%Y-%m-%d %H:%M}")
        return Outcome(link.counts, text, (Reference(Source.LINK, url),))

    return check


def check_format(subject: Subject) -> Outcome:
    code = subject.part("format")
    concept = vocabulary("file_type").get(code or "")
    text = EMPTY if concept is None else concept.label if is_listed(concept) else NOT_LISTED.format(name=concept.label)
    return Outcome(concept is not None and is_listed(concept), text, fields(subject.place("format")))


def is_listed(concept: Concept) -> bool:
    """Tell whether the EU's authority table of file types has it; ours has more."""
    return concept.uri.startswith(EU_AUTHORITY)


def check_media_type(subject: Subject) -> Outcome:
    name = (subject.part("media_type") or "").lower()
    concept = vocabulary("media_type").get(name)
    known = concept is not None and concept.mappings.get("registered") == "true"
    text = Text(ko=name, en=name) if known else NOT_REGISTERED.format(name=name) if name else EMPTY
    return Outcome(known, text, fields(subject.place("media_type")))


def file_types(subject: Subject) -> Iterator[Concept]:
    """Yield what kind of file a distribution is, by its format and by its media type."""
    types = vocabulary("file_type")
    media = vocabulary("media_type").get((subject.part("media_type") or "").lower())
    for code in (subject.part("format"), media.mappings.get("file_type") if media else None):
        if code in types:
            yield types[code]


def is_kind(flag: str) -> Callable[[Subject], Outcome]:
    """Return the check that the format or the media type has a property of the EU's list of file types."""

    def check(subject: Subject) -> Outcome:
        found = list(file_types(subject))
        fitting = [concept for concept in found if concept.mappings.get(flag) == "true"]
        listed = [concept for concept in fitting if is_listed(concept)]
        shown = next((concept.label for concept in listed or fitting or found), EMPTY)
        text = NOT_LISTED.format(name=shown) if fitting and not listed else shown
        return Outcome(bool(listed), text, fields(subject.place("format"), subject.place("media_type")))

    return check


def check_dcat_ap(subject: Subject) -> Outcome:
    missing = missing_for_dcat_ap(subject.description)
    conforms = subject.evidence.shacl_conforms
    is_met = not missing if conforms is None else conforms
    if is_met:
        return Outcome(True, CONFORMS, (Reference(Source.SHAPES),))
    return Outcome(
        False, LACKS.format(places=", ".join(missing) or "SHACL"), (Reference(Source.SHAPES), *fields(*missing))
    )


def missing_for_dcat_ap(description: Description) -> tuple[str, ...]:
    """Return the places that DCAT-AP's shapes would refuse: what every dataset and every distribution must have.

    Whatever else the shapes demand (classes, datatypes, cardinalities) holds for all that the hub writes.
    """
    places = [name for name in ("title", "description") if is_blank(description.get(name))]
    for number, distribution in enumerate(description.get("distributions", ())):
        if is_blank(distribution.get("access_url")):
            places.append(f"distributions.{number}.access_url")
    return tuple(places)


def check_licence(subject: Subject) -> Outcome:
    url = subject.part("licence_url")
    places = fields(subject.place("licence") if subject.part("licence") else "licence")
    if subject.licence:
        return Outcome(True, label_of("licence", subject.licence), places)
    return Outcome(bool(url), Text(ko=url, en=url) if url else UNKNOWN_LICENCE, places)


def check_known_licence(subject: Subject) -> Outcome:
    """See whether the EU knows the licence; the Korean public licences (KOGL) are not on its list, which is said plainly."""
    place = fields(subject.place("licence") if subject.part("licence") else "licence")
    if not subject.licence:
        return Outcome(False, UNKNOWN_LICENCE, place)
    concept = vocabulary("licence")[subject.licence]
    if concept.mappings.get("eu"):
        return Outcome(True, concept.label, place)
    near = near_licence(concept)
    mend = SWITCH_LICENCE.format(licence=concept.label, near=near.label) if near else KEEP_LICENCE
    return Outcome(False, NOT_ON_LIST.format(licence=concept.label), place, mend)


def near_licence(concept: Concept) -> Concept | None:
    """Return the licence of the EU's list that says nearly the same, by the vocabulary."""
    licences = vocabulary("licence")
    near = licences.get(concept.mappings.get("near", ""))
    if near is None or near.mappings.get("eu"):
        return near
    return near_licence(near)


def check_known_access(subject: Subject) -> Outcome:
    concept = vocabulary("access_level").get(subject.value("access_level") or "")
    known = concept is not None and bool(concept.mappings.get("eu_code"))
    return Outcome(known, concept.label if concept else EMPTY, fields("access_level"))


def fields(*places: str) -> tuple[Reference, ...]:
    return tuple(Reference(Source.FIELD, place) for place in places)


LONGEST = 80


def tell(value: object, name: str) -> Text:
    """Return a field's value in a few words."""
    if isinstance(value, Mapping) and set(value) <= {"ko", "en"}:
        words = {side: ", ".join(text) if isinstance(text, list) else str(text) for side, text in value.items()}
        return Text(ko=shorten(words.get("ko", "")), en=shorten(words.get("en", "")))
    if isinstance(value, Mapping):
        inner = value.get("name")
        return tell(inner, name) if inner else Text(ko=(plain := shorten(dates(value))), en=plain)
    if isinstance(value, list):
        return Text(ko=(plain := shorten(", ".join(str(each) for each in value))), en=plain)
    if name in MOMENTS:
        return Text(ko=(plain := str(value)[:10]), en=plain)
    if name in CODED:
        return label_of(CODED[name], str(value))
    return Text(ko=(plain := shorten(str(value))), en=plain)


def dates(period: Mapping[str, Any]) -> str:
    return " – ".join(str(period[side]) for side in period if period[side])


def shorten(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


MOMENTS = frozenset({"issued", "modified"})
CODED: Mapping[str, str] = {
    "theme": "theme",
    "region": "region",
    "access_level": "access_level",
    "format": "file_type",
}

OWN_PART = Text(
    ko="이 허브가 레코드로 내는 배포에는 적는 칸이 없습니다. 이 항목까지 적은 파일 배포를 더하면 그 배포로 셉니다",
    en="what the hub makes of its records has no place to say it; add a file distribution that does, and it will count",
)
EMPTY = Text(ko="비어 있습니다", en="empty")
NO_ADDRESS = Text(ko="주소가 없습니다", en="there is no address")
OWN_ADDRESS = Text(ko="이 허브가 직접 내는 주소입니다", en="this hub serves the address itself")
NOT_TRIED = Text(ko="아직 확인하지 않은 주소입니다", en="the address has not been tried yet")
NO_DISTRIBUTION = Outcome(
    False,
    Text(ko="배포가 하나도 없습니다", en="there is no distribution"),
    fields("distributions"),
    Text(
        ko="자료를 받을 수 있는 배포(파일, API)를 더하고 그 항목을 채워 주십시오",
        en="add a distribution (a file, an API) where the data can be had, and fill its fields",
    ),
)
WAIT = Text(
    ko="다음 링크 확인을 기다려 주십시오. 하루에 한 번 저절로 확인합니다",
    en="wait for the next check of links; it runs every day",
)
TRIED = Text(ko="{state} (상태 {status}, {at} 확인)", en="{state} (status {status}, tried {at})")
NOT_LISTED = Text(
    ko="'{name}'은(는) 유럽연합의 파일 형식 목록에 없습니다",
    en="'{name}' is not on the European Union's list of file types",
)
NOT_REGISTERED = Text(ko="'{name}'은(는) IANA에 등록된 유형이 아닙니다", en="'{name}' is not registered with IANA")
CONFORMS = Text(ko="DCAT-AP 형태 규칙에 어긋나는 것이 없습니다", en="nothing departs from the shapes of DCAT-AP")
LACKS = Text(ko="DCAT-AP가 꼭 바라는 것이 없습니다: {places}", en="DCAT-AP demands what is missing: {places}")
UNKNOWN_LICENCE = Text(ko="이용허락이 정해지지 않았습니다", en="the licence is not known")
NOT_ON_LIST = Text(
    ko="'{licence}'은(는) 유럽연합의 이용허락 목록에 없습니다",
    en="'{licence}' is not on the European Union's list of licences",
)
SWITCH_LICENCE = Text(
    ko="이 점수는 유럽연합의 목록에 있는 이용허락에만 주어집니다. 뜻이 가까운 '{near}'(으)로 낼 수 있으면 받을 수 있고, "
    "'{licence}'(으)로 두어도 자료의 질이 낮은 것은 아닙니다",
    en="these points are only given to licences on the European list: '{near}' says nearly the same and would earn them; "
    "keeping '{licence}' does not make the data worse",
)
KEEP_LICENCE = Text(
    ko="이 점수는 유럽연합의 목록에 있는 이용허락(CC BY 4.0, CC0 등)에만 주어집니다",
    en="these points are only given to licences on the European list (CC BY 4.0, CC0 and so on)",
)


def row(
    identifier: str,
    dimension: str,
    scope: Scope,
    points: int,
    field: str,
    check: Callable[[Subject], Outcome],
    label: tuple[str, str],
    measures: tuple[str, str],
    mend: tuple[str, str],
    *,
    dqv: str = "",
) -> Metric:
    """Return a metric from one row of the table; ``label``, ``measures`` and ``mend`` are (Korean, English)."""
    uri = PIVEAU + (dqv or identifier)
    return Metric(identifier, dimension, scope, points, field, Text(*label), Text(*measures), Text(*mend), uri, check)


# fmt: off
METRICS: tuple[Metric, ...] = (
    row("keywordAvailability", "findability", "dataset", 30, "keywords", filled("keywords"),
        ("키워드", "Keywords"), ("키워드가 하나라도 있는지 (dcat:keyword)", "At least one dcat:keyword"),
        ("찾을 때 쓰는 낱말을 키워드에 적어 주십시오", "add the words that people search for")),
    row("categoryAvailability", "findability", "dataset", 30, "theme", filled("theme", "eu_themes"),
        ("분야", "Theme"), ("분야가 있는지 (dcat:theme)", "At least one dcat:theme"),
        ("도시 데이터의 분야를 골라 주십시오", "choose the field of city life")),
    row("spatialAvailability", "findability", "dataset", 20, "region", filled("region", "bbox", "places"),
        ("공간 범위", "Area covered"), ("다루는 곳이 있는지 (dct:spatial)", "At least one dct:spatial"),
        ("자료가 다루는 곳의 지역 코드나 경계 상자를 적어 주십시오", "give the region code or the bounding box of the data")),
    row("temporalAvailability", "findability", "dataset", 20, "temporal", filled("temporal"),
        ("기간", "Time covered"), ("다루는 기간이 있는지 (dct:temporal)", "At least one dct:temporal"),
        ("자료가 다루는 기간의 처음과 끝 날짜를 적어 주십시오", "give the first and last day that the data covers")),
    row("accessUrlStatusCode", "accessibility", "distribution", 50, "access_url", answers("access_url"),
        ("접근 주소 응답", "Access URL answers"), ("접근 주소가 2xx로 응답하는지", "The dcat:accessURL answers with 2xx"),
        ("주소가 바뀌었으면 고치고, 서버가 멈췄으면 제공기관에 알려 주십시오", "mend the address, or tell the publisher that its server is down")),
    row("downloadUrlAvailability", "accessibility", "distribution", 20, "download_url", filled_part("download_url"),
        ("다운로드 주소", "Download URL"), ("다운로드 주소가 있는지 (dcat:downloadURL)", "A dcat:downloadURL is given"),
        ("파일을 바로 받는 주소를 적어 주십시오", "give the address of the file itself")),
    row("downloadUrlStatusCode", "accessibility", "distribution", 30, "download_url", answers("download_url"),
        ("다운로드 주소 응답", "Download URL answers"), ("다운로드 주소가 2xx로 응답하는지", "The dcat:downloadURL answers with 2xx"),
        ("주소가 바뀌었으면 고치고, 서버가 멈췄으면 제공기관에 알려 주십시오", "mend the address, or tell the publisher that its server is down")),
    row("formatAvailability", "interoperability", "distribution", 20, "format", filled_part("format"),
        ("파일 형식", "Format"), ("파일 형식이 있는지 (dct:format)", "A dct:format is given"),
        ("파일의 형식을 골라 주십시오", "choose the format of the file")),
    row("mediaTypeAvailability", "interoperability", "distribution", 10, "media_type", filled_part("media_type"),
        ("미디어 유형", "Media type"), ("미디어 유형이 있는지 (dcat:mediaType)", "A dcat:mediaType is given"),
        ("IANA 미디어 유형을 적어 주십시오 (예: text/csv)", "give the IANA media type, as text/csv")),
    row("formatVocabularyAlignment", "interoperability", "distribution", 5, "format", check_format,
        ("형식이 목록의 것", "Format from the list"), ("형식이 유럽연합 파일 형식 목록에 있는지", "The format is on the EU's list of file types"),
        ("목록에 있는 형식을 골라 주십시오", "choose a format of the list"), dqv="formatMediaTypeVocabularyAlignment"),
    row("mediaTypeVocabularyAlignment", "interoperability", "distribution", 5, "media_type", check_media_type,
        ("미디어 유형이 목록의 것", "Media type from the list"), ("미디어 유형이 IANA에 등록된 것인지", "The media type is registered with IANA"),
        ("IANA에 등록된 이름을 적어 주십시오 (예: application/json)", "use a name registered with IANA, as application/json"),
        dqv="formatMediaTypeVocabularyAlignment"),
    row("formatMediaTypeNonProprietary", "interoperability", "distribution", 20, "format", is_kind("non_proprietary"),
        ("개방형 형식", "Non-proprietary format"), ("형식이나 미디어 유형이 특정 회사의 것이 아닌지", "The format or media type belongs to no single company"),
        ("CSV, JSON, GeoJSON처럼 누구나 쓸 수 있는 형식으로도 내 주십시오", "publish it in a format that anybody may use as well, as CSV or JSON")),
    row("formatMediaTypeMachineInterpretable", "interoperability", "distribution", 20, "format", is_kind("machine_readable"),
        ("기계 판독 형식", "Machine-readable format"), ("형식이나 미디어 유형을 프로그램이 읽을 수 있는지", "Programs can read the format or media type"),
        ("HWP, PDF, 그림 대신 CSV, JSON, XLSX처럼 프로그램이 읽는 형식으로 내 주십시오", "publish it in a format that programs read, as CSV or JSON")),
    row("dcatApCompliance", "interoperability", "dataset", 30, "title", check_dcat_ap,
        ("DCAT-AP 준수", "DCAT-AP compliance"), ("설명이 DCAT-AP의 형태 규칙(SHACL)에 맞는지", "The description meets the shapes (SHACL) of DCAT-AP"),
        ("제목, 설명, 배포마다 접근 주소를 채워 주십시오", "fill title, description and the access URL of every distribution")),
    row("licenceAvailability", "reusability", "distribution", 20, "licence", check_licence,
        ("이용허락", "Licence"), ("이용허락이 있는지 (dct:license)", "A dct:license is given"),
        ("공공누리나 CC 가운데 이용허락을 골라 주십시오", "choose a KOGL or Creative Commons licence")),
    row("knownLicence", "reusability", "distribution", 10, "licence", check_known_licence,
        ("알려진 이용허락", "Known licence"), ("이용허락이 유럽연합 목록에 있는지", "The licence is on the EU's list"),
        ("유럽연합 목록의 이용허락(CC BY 4.0, CC0 등)이면 받습니다", "earned by a licence of the EU's list, as CC BY 4.0 or CC0")),
    row("accessRightsAvailability", "reusability", "dataset", 10, "access_level", filled("access_level"),
        ("공개 등급", "Access rights"), ("공개 등급이 있는지 (dct:accessRights)", "A dct:accessRights is given"),
        ("공개 등급을 골라 주십시오", "choose the access level")),
    row("accessRightsVocabularyAlignment", "reusability", "dataset", 5, "access_level", check_known_access,
        ("공개 등급이 목록의 것", "Access rights from the list"), ("공개 등급이 유럽연합 목록에 있는지", "The access rights are on the EU's list"),
        ("공개 등급을 골라 주십시오", "choose the access level")),
    row("contactPointAvailability", "reusability", "dataset", 20, "contact_point", filled("contact_point"),
        ("담당 부서", "Contact point"), ("담당 부서가 있는지 (dcat:contactPoint)", "A dcat:contactPoint is given"),
        ("문의에 답하는 부서의 이름과 전자우편을 적어 주십시오", "give the name and e-mail of the office that answers questions")),
    row("publisherAvailability", "reusability", "dataset", 10, "organisation", filled("organisation"),
        ("제공기관", "Publisher"), ("제공기관이 있는지 (dct:publisher)", "A dct:publisher is given"),
        ("제공기관을 골라 주십시오", "choose the organisation that publishes the data")),
    row("rightsAvailability", "contextuality", "distribution", 5, "rights", filled_part("rights"),
        ("권리 설명", "Rights"), ("권리를 글로 적었는지 (dct:rights)", "A dct:rights is given"),
        ("배포의 '권리'에 이용 조건을 글로 적어 주십시오", "say the terms of use in words in the distribution's 'rights'")),
    row("byteSizeAvailability", "contextuality", "distribution", 5, "byte_size", filled_part("byte_size"),
        ("파일 크기", "Size"), ("크기가 있는지 (dcat:byteSize)", "A dcat:byteSize is given"),
        ("파일의 크기를 바이트로 적어 주십시오", "give the size of the file in bytes")),
    row("dateIssuedAvailability", "contextuality", "distribution", 5, "issued", filled_part("issued"),
        ("등록일", "Date of issue"), ("배포의 등록일이 있는지 (dct:issued)", "The distribution has a dct:issued"),
        ("배포가 처음 나온 날을 적어 주십시오", "give the day when the distribution first came out")),
    row("dateModifiedAvailability", "contextuality", "distribution", 5, "modified", filled_part("modified"),
        ("수정일", "Date of change"), ("배포의 수정일이 있는지 (dct:modified)", "The distribution has a dct:modified"),
        ("배포가 마지막으로 바뀐 날을 적어 주십시오", "give the day when the distribution last changed")),
)
# fmt: on

MAXIMUM = sum(metric.points for metric in METRICS)
