"""The metadata profile: one row per field of a dataset's description. A first, honest version of the standard.

Everything about a field is derived from its row: what the API shows and accepts, admin labels and help, the DCAT term,
the conformance check, the table in the docs. The column that stores it is in ``catalog/models/dataset.py``; a test holds
the two together. Terms: DCAT 3 (W3C, 2024), DCAT-AP 3.0.1, DCMI terms, vCard.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from catalog.text import Text

VERSION = "0.1"


class Obligation(StrEnum):
    MANDATORY = "mandatory"
    RECOMMENDED = "recommended"
    OPTIONAL = "optional"


class Kind(StrEnum):
    """What a value looks like in a description."""

    TEXT = "text"  # {"ko": …, "en": …}
    KEYWORDS = "keywords"  # {"ko": [...], "en": [...]}
    CODE = "code"  # a code of a vocabulary
    REGION = "region"  # a region code
    PERIOD = "period"  # {"start": date, "end": date}
    CONTACT = "contact"  # {"name": text, "email": …, "phone": …}: an office, never a person
    ORGANISATION = "organisation"  # the slug of an organisation
    ADDRESS = "address"  # a URL


@dataclass(frozen=True)
class Field:
    """One field of a description; ``term`` is its DCAT property, ``vocabulary`` where its codes come from."""

    name: str
    kind: Kind
    label: Text
    definition: Text
    obligation: Obligation
    term: str
    vocabulary: str = ""


MANDATORY, RECOMMENDED, OPTIONAL = Obligation

FIELDS: tuple[Field, ...] = (
    Field(
        "title",
        Kind.TEXT,
        Text(ko="제목", en="Title"),
        Text(ko="무엇에 관한 자료인지 한 줄로 적은 이름", en="The name of the dataset, in one line."),
        MANDATORY,
        "dct:title",
    ),
    Field(
        "description",
        Kind.TEXT,
        Text(ko="설명", en="Description"),
        Text(ko="내용, 범위, 모으는 방법과 한계", en="What it holds, how it is collected and where its limits are."),
        MANDATORY,
        "dct:description",
    ),
    Field(
        "organisation",
        Kind.ORGANISATION,
        Text(ko="제공기관", en="Publisher"),
        Text(ko="자료를 내고 책임지는 기관", en="The organisation that publishes the data and answers for it."),
        MANDATORY,
        "dct:publisher",
    ),
    Field(
        "contact_point",
        Kind.CONTACT,
        Text(ko="담당 부서", en="Contact point"),
        Text(ko="문의에 답하는 부서 (개인이 아님)", en="The office that answers questions; never a person."),
        RECOMMENDED,
        "dcat:contactPoint",
    ),
    Field(
        "theme",
        Kind.CODE,
        Text(ko="분야", en="Theme"),
        Text(ko="도시 데이터의 분야", en="The field of city life that the data is about."),
        MANDATORY,
        "dcat:theme",
        "theme",
    ),
    Field(
        "keywords",
        Kind.KEYWORDS,
        Text(ko="키워드", en="Keywords"),
        Text(ko="찾을 때 쓰는 낱말", en="Words that people search for."),
        RECOMMENDED,
        "dcat:keyword",
    ),
    Field(
        "licence",
        Kind.CODE,
        Text(ko="이용허락", en="Licence"),
        Text(ko="이용 조건 (배포의 속성)", en="The terms of use; they belong to the distribution."),
        MANDATORY,
        "dct:license",
        "licence",
    ),
    Field(
        "frequency",
        Kind.CODE,
        Text(ko="갱신 주기", en="Update frequency"),
        Text(ko="자료가 바뀌는 주기", en="How often the data changes."),
        RECOMMENDED,
        "dct:accrualPeriodicity",
        "frequency",
    ),
    Field(
        "region",
        Kind.REGION,
        Text(ko="지역", en="Region"),
        Text(
            ko="자료가 다루는 곳의 법정동 코드 (2, 5, 8, 10자리)",
            en="The legal region code of the area covered (2, 5, 8 or 10 digits).",
        ),
        RECOMMENDED,
        "dct:spatial",
        "region",
    ),
    Field(
        "temporal",
        Kind.PERIOD,
        Text(ko="기간", en="Temporal coverage"),
        Text(ko="자료가 다루는 기간의 처음과 끝 (날짜)", en="The first and last day that the data covers."),
        OPTIONAL,
        "dct:temporal",
    ),
    Field(
        "access_level",
        Kind.CODE,
        Text(ko="공개 등급", en="Access level"),
        Text(ko="누가 레코드를 볼 수 있는지", en="Who may read the records."),
        MANDATORY,
        "dct:accessRights",
        "access_level",
    ),
    Field(
        "access_reason",
        Kind.TEXT,
        Text(ko="제한 사유", en="Reason of restriction"),
        Text(ko="공개하지 않는 까닭과 근거 법령", en="Why the records are not open, with the law."),
        OPTIONAL,
        "dct:rights",
    ),
    Field(
        "landing_page",
        Kind.ADDRESS,
        Text(ko="원문 페이지", en="Landing page"),
        Text(ko="제공기관의 안내 페이지", en="The publisher's own page about the data."),
        OPTIONAL,
        "dcat:landingPage",
    ),
)

FIELD: Mapping[str, Field] = {field.name: field for field in FIELDS}
