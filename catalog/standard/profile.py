"""The metadata standard of the urban data hub, version 1.0: one row per field of every class.

Everything about a field is derived from its row: what the API shows and accepts, filters, admin labels and help, JSON
Schema, SHACL shape, JSON-LD context, the DCAT term in both directions, the conformance check, the table in the docs. The
column that stores it is in ``catalog/models/``; a test holds the two together.

Terms: DCAT 3 (W3C, 2024), DCAT-AP 3.0.1 (SEMIC, 2025), DCMI terms, FOAF, vCard, ADMS, PROV-O, SPDX, ODRL, CSVW; where none
of them has the idea, ours (``hub:``). ``names`` are the names of the same field elsewhere: ``keti`` (City Data Hub dataset),
``datagokr`` (columns of data.go.kr's catalogue), ``ckan``, ``datajson`` (DCAT-US 1.1), ``schema`` (schema.org).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from catalog.text import Text

VERSION = "1.0"
NAMESPACE = "https://w3id.org/urban-data-hub#"
PREFIXES: Mapping[str, str] = {
    "adms": "http://www.w3.org/ns/adms#",
    "cnt": "http://www.w3.org/2011/content#",
    "csvw": "http://www.w3.org/ns/csvw#",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dcatap": "http://data.europa.eu/r5r/",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "hub": NAMESPACE,
    "locn": "http://www.w3.org/ns/locn#",
    "odrl": "http://www.w3.org/ns/odrl/2/",
    "prov": "http://www.w3.org/ns/prov#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "spdx": "http://spdx.org/rdf/terms#",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}


class Obligation(StrEnum):
    MANDATORY = "mandatory"
    RECOMMENDED = "recommended"
    OPTIONAL = "optional"


class Kind(StrEnum):
    """What a value looks like in a description (JSON)."""

    TEXT = "text"  # {"ko": …, "en": …}
    KEYWORDS = "keywords"  # {"ko": [...], "en": [...]}
    STRING = "string"  # a name, number or code without a language
    CODE = "code"  # a code of a vocabulary
    REGION = "region"  # a legal region code
    DAY = "day"  # "YYYY-MM-DD"
    MOMENT = "moment"  # a day, or a date and time with offset (ISO 8601)
    PERIOD = "period"  # {"start": day, "end": day}
    DURATION = "duration"  # ISO 8601: "PT5M", "P1D"
    INTEGER = "integer"  # not negative
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    CONTACT = "contact"  # the fields of the class contact point
    ORGANISATION = "organisation"  # the slug of an organisation
    ADDRESS = "address"  # a URL or another absolute URI
    REFERENCE = "reference"  # the slug of a dataset, series or data service (see ``of``)
    BOX = "box"  # [west, south, east, north] in degrees, WGS 84
    CHECKSUM = "checksum"  # {"algorithm": code, "value": hexadecimal digits}
    IDENTIFIER = "identifier"  # {"notation": string, "scheme": string or URI}
    AGENT = "agent"  # {"name": text, "uri": URI}: an organisation outside the catalogue
    ATTRIBUTION = "attribution"  # {"name": text, "uri": URI, "role": code}
    RELATION = "relation"  # {"target": URI, "role": code}
    PART = "part"  # a description of the class ``of``


class Class(StrEnum):
    """The classes of the standard; the value is the key of ``CLASSES``."""

    CATALOGUE = "catalogue"
    ORGANISATION = "organisation"
    DATASET = "dataset"
    DISTRIBUTION = "distribution"
    SERVICE = "service"
    SERIES = "series"
    DATA_MODEL = "data-model"
    COLUMN = "column"
    CONTACT = "contact"


@dataclass(frozen=True)
class ClassRow:
    """A class: its names, what it stands for, and its term in RDF."""

    label: Text
    definition: Text
    term: str


CLASSES: Mapping[Class, ClassRow] = {
    Class.CATALOGUE: ClassRow(
        Text(ko="카탈로그", en="Catalogue"),
        Text(ko="한 허브가 알리는 데이터셋의 목록", en="The datasets that a hub makes known."),
        "dcat:Catalog",
    ),
    Class.ORGANISATION: ClassRow(
        Text(ko="기관", en="Organisation"),
        Text(ko="자료를 내고 책임지는 기관", en="Who publishes data and answers for it."),
        "foaf:Organization",
    ),
    Class.DATASET: ClassRow(
        Text(ko="데이터셋", en="Dataset"),
        Text(ko="한 기관이 책임지고 내는 자료의 묶음", en="A collection of data that one organisation answers for."),
        "dcat:Dataset",
    ),
    Class.DISTRIBUTION: ClassRow(
        Text(ko="배포", en="Distribution"),
        Text(ko="데이터셋을 받을 수 있는 한 가지 형태 (파일, API)", en="One form of a dataset: a file, an API."),
        "dcat:Distribution",
    ),
    Class.SERVICE: ClassRow(
        Text(ko="데이터 서비스", en="Data service"),
        Text(ko="데이터셋에 접근하게 하는 API", en="An API that gives access to datasets."),
        "dcat:DataService",
    ),
    Class.SERIES: ClassRow(
        Text(ko="데이터셋 시리즈", en="Dataset series"),
        Text(
            ko="따로 나오지만 함께 읽는 데이터셋의 묶음", en="Datasets that come out one by one and are read together."
        ),
        "dcat:DatasetSeries",
    ),
    Class.DATA_MODEL: ClassRow(
        Text(ko="데이터 모델", en="Data model"),
        Text(ko="여러 도시가 함께 쓰는 표준 열의 묶음", en="A standard set of columns that many cities share."),
        "dct:Standard",
    ),
    Class.COLUMN: ClassRow(
        Text(ko="열", en="Column"),
        Text(ko="레코드의 한 항목: 이름, 뜻, 단위", en="One item of a record: its name, meaning and unit."),
        "csvw:Column",
    ),
    Class.CONTACT: ClassRow(
        Text(ko="담당 부서", en="Contact point"),
        Text(ko="문의에 답하는 부서. 개인이 아님", en="The office that answers questions; never a person."),
        "vcard:Organization",
    ),
}


@dataclass(frozen=True)
class Field:
    """One field of a class; ``term`` is its property in RDF, ``vocabulary`` where its codes come from.

    ``of`` is the class of a PART or a REFERENCE; ``names`` are its names in other standards.
    """

    name: str
    kind: Kind
    label: Text
    definition: Text
    obligation: Obligation
    term: str
    vocabulary: str = ""
    many: bool = False
    of: Class | None = None
    names: Mapping[str, str] = field(default_factory=dict, hash=False)


MANDATORY, RECOMMENDED, OPTIONAL = Obligation


def row(
    name: str,
    kind: Kind,
    obligation: Obligation,
    term: str,
    label: tuple[str, str],
    definition: tuple[str, str],
    *,
    vocabulary: str = "",
    many: bool = False,
    of: Class | None = None,
    **names: str,
) -> Field:
    """Return a field from one row of a table; ``label`` and ``definition`` are (Korean, English)."""
    return Field(
        name,
        kind,
        Text(*label),
        Text(*definition),
        obligation,
        term,
        vocabulary,
        many,
        of,
        names=MappingProxyType(names),
    )


# fmt: off
IDENTITY = (
    row("title", Kind.TEXT, MANDATORY, "dct:title", ("제목", "Title"),
        ("무엇에 관한 자료인지 한 줄로 적은 이름", "The name of the dataset, in one line."),
        keti="name", datagokr="목록명", ckan="title", datajson="title", schema="name"),
    row("description", Kind.TEXT, MANDATORY, "dct:description", ("설명", "Description"),
        ("내용, 범위, 모으는 방법과 한계", "What it holds, how it is collected and where its limits are."),
        keti="description", datagokr="설명", ckan="notes", datajson="description", schema="description"),
    row("organisation", Kind.ORGANISATION, MANDATORY, "dct:publisher", ("제공기관", "Publisher"),
        ("자료를 내고 책임지는 기관", "The organisation that publishes the data and answers for it."),
        keti="providerOrganization", datagokr="제공기관", ckan="organization", datajson="publisher", schema="publisher"),
    row("contact_point", Kind.CONTACT, RECOMMENDED, "dcat:contactPoint", ("담당 부서", "Contact point"),
        ("문의에 답하는 부서 (개인이 아님)", "The office that answers questions; never a person."),
        datagokr="관리 부서명", ckan="maintainer", datajson="contactPoint"),
    row("theme", Kind.CODE, MANDATORY, "dcat:theme", ("분야", "Theme"),
        ("도시 데이터의 분야", "The field of city life that the data is about."), vocabulary="theme", ckan="groups"),
    row("keywords", Kind.KEYWORDS, RECOMMENDED, "dcat:keyword", ("키워드", "Keywords"),
        ("찾을 때 쓰는 낱말", "Words that people search for."),
        keti="keyword", datagokr="키워드", ckan="tags", datajson="keyword", schema="keywords"),
    row("licence", Kind.CODE, MANDATORY, "dct:license", ("이용허락", "Licence"),
        ("이용 조건. 따로 적지 않은 모든 배포에 적용됨", "The terms of use of every distribution that names none of its own."),
        vocabulary="licence",
        keti="license", datagokr="이용허락범위", ckan="license_id", datajson="license", schema="license"),
    row("frequency", Kind.CODE, RECOMMENDED, "dct:accrualPeriodicity", ("갱신 주기", "Update frequency"),
        ("자료가 바뀌는 주기", "How often the data changes."), vocabulary="frequency",
        keti="updateInterval", datagokr="업데이트 주기", datajson="accrualPeriodicity"),
    row("region", Kind.REGION, RECOMMENDED, "dct:spatial", ("지역", "Region"),
        ("자료가 다루는 곳의 법정동 코드 (2, 5, 8, 10자리)", "The legal region code of the area covered (2, 5, 8 or 10 digits)."),
        vocabulary="region", schema="spatialCoverage"),
    row("temporal", Kind.PERIOD, RECOMMENDED, "dct:temporal", ("기간", "Temporal coverage"),
        ("자료가 다루는 기간의 처음과 끝 (날짜)", "The first and last day that the data covers."),
        datajson="temporal", schema="temporalCoverage"),
    row("access_level", Kind.CODE, MANDATORY, "dct:accessRights", ("공개 등급", "Access level"),
        ("누가 레코드를 볼 수 있는지", "Who may read the records."), vocabulary="access_level", datajson="accessLevel"),
    row("access_reason", Kind.TEXT, OPTIONAL, "dct:rights", ("제한 사유", "Reason of restriction"),
        ("공개하지 않는 까닭", "Why the records are not open."), datajson="rights"),
    row("access_law", Kind.TEXT, OPTIONAL, "hub:accessLaw", ("제한 근거 법령", "Law of restriction"),
        ("공개를 막는 법령과 조항", "The law and its article that keep the records from being open.")),
    row("landing_page", Kind.ADDRESS, OPTIONAL, "dcat:landingPage", ("원문 페이지", "Landing page"),
        ("제공기관의 안내 페이지", "The publisher's own page about the data."),
        datagokr="목록 URL", ckan="url", datajson="landingPage", schema="url"),
    row("distributions", Kind.PART, RECOMMENDED, "dcat:distribution", ("배포", "Distributions"),
        ("자료를 받을 수 있는 형태. 이 허브가 내는 것은 저절로 더해짐", "The forms it can be had in; those of the hub itself are added."),
        many=True, of=Class.DISTRIBUTION, ckan="resources", datajson="distribution", schema="distribution"),
)

COVERAGE = (
    row("spatial_text", Kind.TEXT, OPTIONAL, "hub:spatialText", ("공간 범위", "Area in words"),
        ("자료가 다루는 곳을 글로 적은 것", "The area covered, in words."), keti="targetRegions", datagokr="공간범위"),
    row("places", Kind.ADDRESS, OPTIONAL, "dct:spatial", ("장소 주소(URI)", "Places"),
        ("다른 목록에서 쓰는 장소의 주소 (GeoNames 등)", "URIs of the places covered in other lists, as GeoNames."), many=True),
    row("bbox", Kind.BOX, OPTIONAL, "dcat:bbox", ("경계 상자", "Bounding box"),
        ("서, 남, 동, 북 (도, WGS 84)", "West, south, east and north in degrees (WGS 84)."), datajson="spatial"),
    row("spatial_resolution", Kind.DECIMAL, OPTIONAL, "dcat:spatialResolutionInMeters", ("공간 해상도", "Spatial resolution"),
        ("구별되는 가장 작은 거리 (미터)", "The smallest distance told apart, in metres.")),
    row("temporal_text", Kind.TEXT, OPTIONAL, "hub:temporalText", ("시간 범위", "Time in words"),
        ("자료가 다루는 때를 글로 적은 것", "The time covered, in words."), datagokr="시간범위"),
    row("temporal_resolution", Kind.DURATION, OPTIONAL, "dcat:temporalResolution", ("시간 해상도", "Temporal resolution"),
        ("구별되는 가장 짧은 시간 (ISO 8601, 예: PT5M)", "The shortest time told apart (ISO 8601, as PT5M).")),
)

ORIGIN = (
    row("source_system", Kind.TEXT, RECOMMENDED, "hub:sourceSystem", ("원천 시스템", "Source system"),
        ("자료를 만드는 시스템의 이름", "The name of the system that the data comes from."), keti="providerSystem"),
    row("source_system_kind", Kind.CODE, RECOMMENDED, "hub:sourceSystemKind", ("원천 시스템 종류", "Kind of source system"),
        ("통합플랫폼, IoT 플랫폼 등", "An integrated platform, an IoT platform and so on."), vocabulary="system_kind"),
    row("linked_services", Kind.CODE, OPTIONAL, "hub:linkedService", ("연계서비스", "Linked services"),
        ("자료가 쓰이는 통합플랫폼 연계서비스", "The services of the integrated platform that the data serves."),
        vocabulary="linked_service", many=True),
    row("collection_interval", Kind.DURATION, OPTIONAL, "hub:collectionInterval", ("수집 간격", "Collection interval"),
        ("원천에서 자료를 모으는 간격 (ISO 8601, 예: PT10M)", "How often the data is collected (ISO 8601, as PT10M).")),
    row("promised_delay", Kind.DURATION, OPTIONAL, "hub:promisedDelay", ("약속한 지연", "Promised delay"),
        ("일어난 때부터 공개까지 걸리는 가장 긴 시간", "The longest time from an event to its publication.")),
    row("next_update", Kind.DAY, OPTIONAL, "hub:nextUpdate", ("차기 갱신 예정일", "Next update due"),
        ("다음에 갱신할 날", "The day of the next update."), datagokr="차기 등록 예정일"),
    row("collection_method", Kind.TEXT, OPTIONAL, "hub:collectionMethod", ("수집 방법", "Collection method"),
        ("자료를 모으는 방법", "How the data is collected."), datagokr="수집방법"),
    row("legal_basis", Kind.TEXT, OPTIONAL, "hub:legalBasis", ("보유 근거", "Legal basis"),
        ("자료를 모으고 가지는 근거", "Why the organisation may collect and hold the data."), datagokr="보유근거"),
    row("provenance", Kind.TEXT, OPTIONAL, "dct:provenance", ("이력", "Provenance"),
        ("자료가 어떻게 생겨나고 바뀌었는지", "How the data came about and changed hands.")),
    row("processing", Kind.CODE, OPTIONAL, "hub:processing", ("원천·가공 구분", "Raw or processed"),
        ("원천데이터인지 가공데이터인지", "Whether the data is raw or processed."), vocabulary="processing", keti="isProcessed"),
    row("generated_by", Kind.ADDRESS, OPTIONAL, "prov:wasGeneratedBy", ("생성 활동", "Generated by"),
        ("자료를 만든 활동의 주소", "URIs of the activities that made the data."), many=True),
    row("sources", Kind.ADDRESS, OPTIONAL, "dct:source", ("원천 데이터셋", "Source datasets"),
        ("이 자료의 바탕이 된 데이터셋", "The datasets that this one is made from."), many=True, keti="sourceDatasetIds"),
    row("status", Kind.CODE, OPTIONAL, "adms:status", ("상태", "Status"),
        ("개발 중, 완료, 폐기 예정, 철회", "Being developed, complete, deprecated or withdrawn."),
        vocabulary="dataset_status", keti="enabled"),
)

USE = (
    row("personal_data", Kind.CODE, RECOMMENDED, "hub:personalData", ("개인정보 포함", "Personal data"),
        ("개인정보가 들었는지, 어떻게 처리했는지", "Whether it holds personal data and how that was treated."),
        vocabulary="personal_data"),
    row("personal_data_statement", Kind.TEXT, OPTIONAL, "hub:personalDataStatement", ("개인정보 처리 설명", "Personal data statement"),
        ("비식별 조치와 그 근거", "What was done to protect persons, and on what ground.")),
    row("limitations", Kind.TEXT, OPTIONAL, "hub:limitations", ("데이터 한계", "Limitations"),
        ("빠진 것, 어긋난 것, 제약", "What is missing or wrong, and what it must not be used for."),
        keti="restrictions", datagokr="데이터 한계"),
    row("usage_notes", Kind.TEXT, OPTIONAL, "hub:usageNotes", ("기타 유의사항", "Usage notes"),
        ("쓸 때 알아 둘 것", "What to keep in mind when using it."), datagokr="기타 유의사항"),
    row("ownership", Kind.TEXT, OPTIONAL, "dct:rightsHolder", ("소유권", "Ownership"),
        ("저작권자 또는 소유자", "Who owns the data or holds the copyright."), keti="ownership"),
    row("third_party_rights", Kind.TEXT, OPTIONAL, "hub:thirdPartyRights", ("제3자 권리", "Third-party rights"),
        ("다른 사람이 가진 권리", "Rights that others hold in the data.")),
    row("items", Kind.TEXT, OPTIONAL, "hub:items", ("제공 항목", "Items in words"),
        ("담긴 항목을 글로 적은 것. 열 설명이 있으면 필요 없음", "The items it holds, in words; not needed beside a column dictionary."),
        keti="datasetItems"),
    row("columns", Kind.PART, RECOMMENDED, "csvw:column", ("열 설명", "Column dictionary"),
        ("열의 이름, 뜻, 형식, 단위", "The names, meanings, types and units of the columns."), many=True, of=Class.COLUMN),
    row("data_model", Kind.CODE, RECOMMENDED, "dct:conformsTo", ("표준 데이터 모델", "Data model"),
        ("따르는 표준 데이터 모델", "The standard set of columns that it follows."), vocabulary="data_model", keti="dataModelId"),
)

RELATIONS = (
    row("creators", Kind.AGENT, OPTIONAL, "dct:creator", ("만든 기관", "Creators"),
        ("제공기관이 아닌 만든 기관", "Who made the data, where that is not the publisher."), many=True, ckan="author", schema="creator"),
    row("attributions", Kind.ATTRIBUTION, OPTIONAL, "prov:qualifiedAttribution", ("관계 기관", "Attributions"),
        ("관리, 배포 등의 구실을 하는 기관", "Who else has a part in it, and which."), vocabulary="role", many=True),
    row("eu_themes", Kind.CODE, OPTIONAL, "dcat:theme", ("EU 분야", "EU data themes"),
        ("유럽 데이터 분야. 적지 않으면 분야에서 나옴", "Themes of the EU's list; derived from the theme where left out."),
        vocabulary="eu_theme", many=True),
    row("classification", Kind.STRING, OPTIONAL, "hub:classification", ("분류체계", "Classification"),
        ("공공데이터포털의 분류 (예: 교통물류 - 도로)", "The category of data.go.kr, as '교통물류 - 도로'."), keti="category", datagokr="분류체계"),
    row("hvd_categories", Kind.CODE, OPTIONAL, "dcatap:hvdCategory", ("고가치 데이터 분류", "High-value categories"),
        ("고가치 데이터셋의 분류 (EU 2023/138)", "Categories of high-value datasets (EU 2023/138)."), vocabulary="hvd_category", many=True),
    row("types", Kind.ADDRESS, OPTIONAL, "dct:type", ("유형", "Types"),
        ("자료의 유형을 말하는 주소", "URIs of what kind of dataset it is."), many=True),
    row("languages", Kind.CODE, OPTIONAL, "dct:language", ("언어", "Languages"),
        ("자료에 쓰인 언어", "The languages of the data."), vocabulary="language", many=True, datajson="language", schema="inLanguage"),
    row("identifiers", Kind.STRING, OPTIONAL, "dct:identifier", ("다른 식별자", "Identifiers"),
        ("다른 곳에서 쓰는 식별자 (목록키 등)", "Its identifiers elsewhere, as the key in data.go.kr."),
        many=True, keti="id", datagokr="목록키", datajson="identifier", schema="identifier"),
    row("other_identifiers", Kind.IDENTIFIER, OPTIONAL, "adms:identifier", ("체계가 있는 식별자", "Identifiers with scheme"),
        ("식별 체계와 함께 적은 식별자 (DOI 등)", "Identifiers with their scheme, as a DOI."), many=True),
    row("identifier_scheme", Kind.CODE, OPTIONAL, "hub:identifierScheme", ("식별 체계", "Identifier scheme"),
        ("레코드를 식별하는 체계", "The scheme that identifies the records."), vocabulary="identifier_scheme", keti="dataIdentifierType"),
    row("issued", Kind.MOMENT, OPTIONAL, "dct:issued", ("등록일", "Issued"),
        ("처음 나온 날. 적지 않으면 이 허브에 등록한 때", "When it first came out; where left out, when this hub listed it."),
        datagokr="등록일", ckan="metadata_created", datajson="issued", schema="datePublished"),
    row("modified", Kind.MOMENT, OPTIONAL, "dct:modified", ("수정일", "Modified"),
        ("마지막으로 바뀐 날. 적지 않으면 이 허브에서 바뀐 때", "When it last changed; where left out, when it changed in this hub."),
        datagokr="수정일", ckan="metadata_modified", datajson="modified", schema="dateModified"),
    row("version", Kind.STRING, OPTIONAL, "dcat:version", ("버전", "Version"),
        ("버전의 이름이나 번호", "The name or number of the version."), ckan="version", schema="version"),
    row("version_notes", Kind.TEXT, OPTIONAL, "adms:versionNotes", ("버전 설명", "Version notes"),
        ("앞 버전과 다른 점", "What differs from the version before.")),
    row("versions", Kind.ADDRESS, OPTIONAL, "dcat:hasVersion", ("다른 버전", "Versions"),
        ("다른 버전의 주소", "URIs of its versions."), many=True),
    row("series", Kind.REFERENCE, OPTIONAL, "dcat:inSeries", ("시리즈", "Series"),
        ("속한 데이터셋 시리즈", "The dataset series that it belongs to."), many=True, of=Class.SERIES, datajson="isPartOf"),
    row("conforms_to", Kind.ADDRESS, OPTIONAL, "dct:conformsTo", ("따르는 표준", "Conforms to"),
        ("따르는 표준의 주소", "URIs of the standards that it follows."), many=True, datajson="conformsTo"),
    row("applicable_legislation", Kind.ADDRESS, OPTIONAL, "dcatap:applicableLegislation", ("적용 법령", "Applicable legislation"),
        ("자료를 내게 한 법령의 주소", "URIs of the laws that make it be published."), many=True),
    row("documentation", Kind.ADDRESS, OPTIONAL, "foaf:page", ("설명 문서", "Documentation"),
        ("자료를 설명하는 문서", "Pages and papers about the data."), many=True, datajson="references"),
    row("relations", Kind.ADDRESS, OPTIONAL, "dct:relation", ("관련 자료", "Related resources"),
        ("관련이 있는 자료의 주소", "URIs of what it is related to."), many=True),
    row("qualified_relations", Kind.RELATION, OPTIONAL, "dcat:qualifiedRelation", ("관계", "Qualified relations"),
        ("다른 자료와의 관계와 그 구실", "What it is related to, and how."), vocabulary="role", many=True),
    row("referenced_by", Kind.ADDRESS, OPTIONAL, "dct:isReferencedBy", ("인용한 곳", "Referenced by"),
        ("이 자료를 인용한 자료의 주소", "URIs of what cites it."), many=True),
    row("samples", Kind.ADDRESS, OPTIONAL, "adms:sample", ("견본", "Samples"),
        ("견본의 주소", "Addresses of samples."), many=True),
)

ELSEWHERE = (
    row("listing_type", Kind.CODE, OPTIONAL, "hub:listingType", ("목록 유형", "Listing type"),
        ("파일, API, 표준데이터", "File, API or standard data."), vocabulary="listing_type", datagokr="목록유형"),
    row("record_count", Kind.INTEGER, OPTIONAL, "hub:recordCount", ("전체 행", "Number of records"),
        ("레코드의 수. 이 허브가 내는 자료는 저절로 셈", "How many records it has; counted for data that this hub serves."), datagokr="전체행"),
    row("is_charged", Kind.BOOLEAN, OPTIONAL, "hub:isCharged", ("비용 부과", "Charged"),
        ("값을 받는지", "Whether it costs something."), datagokr="비용부과유무"),
    row("charge_basis", Kind.TEXT, OPTIONAL, "hub:chargeBasis", ("비용 부과 기준", "Basis of charge"),
        ("비용을 매기는 기준과 단위", "What is charged, by which unit."), datagokr="비용부과기준 및 단위"),
    row("is_national_core", Kind.BOOLEAN, OPTIONAL, "hub:isNationalCore", ("국가중점데이터", "National core data"),
        ("국가중점데이터인지", "Whether it is one of the national core datasets."), datagokr="국가중점여부"),
    row("is_standard_data", Kind.BOOLEAN, OPTIONAL, "hub:isStandardData", ("전국표준데이터", "National standard data"),
        ("공공데이터 제공표준을 따르는지", "Whether it follows the national standard for public data."), datagokr="표준데이터여부"),
    row("views", Kind.INTEGER, OPTIONAL, "hub:views", ("조회수", "Views"),
        ("원천 포털에서 센 조회수", "Views counted by the portal it comes from."), datagokr="조회수"),
    row("uses", Kind.INTEGER, OPTIONAL, "hub:uses", ("활용 건수", "Uses"),
        ("원천 포털에서 센 다운로드·활용신청 수", "Downloads and requests counted by the portal it comes from."), datagokr="다운로드_활용신청건수"),
    row("data_stores", Kind.STRING, OPTIONAL, "hub:dataStore", ("저장 위치", "Data stores"),
        ("원천 허브 안의 저장소 (Kafka 토픽, DB 등)", "Where the source hub stores it: a topic, a database."), many=True, keti="dataStoreUri"),
    row("quality_checked", Kind.BOOLEAN, OPTIONAL, "hub:qualityChecked", ("품질 검증", "Quality checked"),
        ("들어오는 레코드를 모델로 검증하는지", "Whether records are checked against the model when they come in."), keti="qualityCheckEnabled"),
    row("retention_days", Kind.INTEGER, OPTIONAL, "hub:retentionDays", ("이력 저장 기간(일)", "Retention in days"),
        ("이력을 지니는 날 수", "For how many days history is kept."), keti="storageRetention"),
    row("stream_retention_ms", Kind.INTEGER, OPTIONAL, "hub:streamRetentionMs", ("스트림 보존 시간(ms)", "Stream retention in ms"),
        ("스트림에 남아 있는 시간 (밀리초)", "For how long a stream keeps a message, in milliseconds."), keti="topicRetention"),
)

DISTRIBUTION = (
    row("title", Kind.TEXT, OPTIONAL, "dct:title", ("이름", "Title"),
        ("파일이나 API의 이름", "The name of the file or the API."),
        datagokr="파일데이터명", ckan="name", datajson="title", schema="name"),
    row("description", Kind.TEXT, RECOMMENDED, "dct:description", ("설명", "Description"),
        ("무엇이 들었는지", "What it holds."), ckan="description", datajson="description", schema="description"),
    row("access_url", Kind.ADDRESS, MANDATORY, "dcat:accessURL", ("접근 주소", "Access URL"),
        ("받을 수 있는 곳", "Where it can be had."), keti="providingApiUri", ckan="url", datajson="accessURL", schema="url"),
    row("download_url", Kind.ADDRESS, OPTIONAL, "dcat:downloadURL", ("다운로드 주소", "Download URL"),
        ("파일을 바로 받는 주소", "Where the file itself is had."), ckan="url", datajson="downloadURL", schema="contentUrl"),
    row("licence", Kind.CODE, RECOMMENDED, "dct:license", ("이용허락", "Licence"),
        ("이 배포의 이용 조건. 적지 않으면 데이터셋의 것", "Its terms of use; where left out, those of the dataset."),
        vocabulary="licence", ckan="license", datajson="license", schema="license"),
    row("licence_url", Kind.ADDRESS, OPTIONAL, "dct:license", ("이용허락 주소", "Licence URL"),
        ("코드표에 없는 이용허락의 주소", "The URI of a licence that the vocabulary does not have.")),
    row("rights", Kind.TEXT, OPTIONAL, "dct:rights", ("권리", "Rights"),
        ("이용 조건을 글로 적은 것", "The terms of use, in words."), datajson="rights"),
    row("format", Kind.CODE, RECOMMENDED, "dct:format", ("파일 형식", "Format"),
        ("파일의 형식", "The format of the file."), vocabulary="file_type",
        keti="datasetExtension", datagokr="확장자", ckan="format", datajson="format", schema="encodingFormat"),
    row("media_type", Kind.STRING, OPTIONAL, "dcat:mediaType", ("미디어 유형", "Media type"),
        ("IANA 미디어 유형 (예: text/csv)", "The IANA media type, as text/csv."), ckan="mimetype", datajson="mediaType"),
    row("compress_format", Kind.STRING, OPTIONAL, "dcat:compressFormat", ("압축 형식", "Compression"),
        ("압축의 IANA 미디어 유형", "The IANA media type of the compression.")),
    row("package_format", Kind.STRING, OPTIONAL, "dcat:packageFormat", ("묶음 형식", "Packaging"),
        ("여러 파일을 묶은 형식의 IANA 미디어 유형", "The IANA media type of the package of files.")),
    row("byte_size", Kind.INTEGER, OPTIONAL, "dcat:byteSize", ("크기(바이트)", "Size in bytes"),
        ("파일의 크기", "The size of the file."), ckan="size", schema="contentSize"),
    row("checksum", Kind.CHECKSUM, OPTIONAL, "spdx:checksum", ("체크섬", "Checksum"),
        ("파일이 온전한지 확인하는 값", "A value that shows whether the file is whole."), vocabulary="checksum_algorithm", ckan="hash"),
    row("availability", Kind.CODE, RECOMMENDED, "dcatap:availability", ("제공 계획", "Availability"),
        ("얼마나 오래 받을 수 있는지", "How long it is meant to be there."), vocabulary="availability"),
    row("status", Kind.CODE, OPTIONAL, "adms:status", ("상태", "Status"),
        ("완료, 폐기 예정, 개발 중, 철회", "Complete, deprecated, being developed or withdrawn."), vocabulary="distribution_status"),
    row("languages", Kind.CODE, OPTIONAL, "dct:language", ("언어", "Languages"),
        ("쓰인 언어", "The languages in it."), vocabulary="language", many=True),
    row("conforms_to", Kind.ADDRESS, OPTIONAL, "dct:conformsTo", ("따르는 표준", "Conforms to"),
        ("따르는 표준의 주소", "URIs of the standards that it follows."), many=True, datajson="conformsTo"),
    row("crs", Kind.CODE, OPTIONAL, "dct:conformsTo", ("좌표계", "Coordinate system"),
        ("원천이 준 좌표계", "The coordinate system as delivered."), vocabulary="crs"),
    row("encoding", Kind.STRING, OPTIONAL, "cnt:characterEncoding", ("문자 인코딩", "Character encoding"),
        ("파일의 문자 인코딩 (예: UTF-8, CP949)", "The character encoding of the file, as UTF-8 or CP949.")),
    row("issued", Kind.MOMENT, OPTIONAL, "dct:issued", ("등록일", "Issued"),
        ("처음 나온 날", "When it first came out."), ckan="created", datajson="issued"),
    row("modified", Kind.MOMENT, OPTIONAL, "dct:modified", ("수정일", "Modified"),
        ("마지막으로 바뀐 날", "When it last changed."), ckan="last_modified", datajson="modified"),
    row("spatial_resolution", Kind.DECIMAL, OPTIONAL, "dcat:spatialResolutionInMeters", ("공간 해상도", "Spatial resolution"),
        ("구별되는 가장 작은 거리 (미터)", "The smallest distance told apart, in metres.")),
    row("temporal_resolution", Kind.DURATION, OPTIONAL, "dcat:temporalResolution", ("시간 해상도", "Temporal resolution"),
        ("구별되는 가장 짧은 시간", "The shortest time told apart.")),
    row("documentation", Kind.ADDRESS, OPTIONAL, "foaf:page", ("설명 문서", "Documentation"),
        ("설명하는 문서", "Pages and papers about it."), many=True, datajson="describedBy"),
    row("applicable_legislation", Kind.ADDRESS, OPTIONAL, "dcatap:applicableLegislation", ("적용 법령", "Applicable legislation"),
        ("자료를 내게 한 법령의 주소", "URIs of the laws that make it be published."), many=True),
    row("access_service", Kind.REFERENCE, OPTIONAL, "dcat:accessService", ("데이터 서비스", "Access service"),
        ("받을 때 쓰는 데이터 서비스", "The data service that gives access to it."), of=Class.SERVICE),
    row("policy", Kind.ADDRESS, OPTIONAL, "odrl:hasPolicy", ("이용 정책", "Policy"),
        ("ODRL 정책의 주소", "The URI of an ODRL policy.")),
    row("identifier", Kind.STRING, OPTIONAL, "dct:identifier", ("식별자", "Identifier"),
        ("다른 곳에서 쓰는 식별자", "Its identifier elsewhere."), ckan="id"),
    row("media", Kind.STRING, OPTIONAL, "hub:media", ("매체 유형", "Medium"),
        ("텍스트, 이미지 등", "Text, image and so on."), datagokr="매체유형"),
    row("provision", Kind.STRING, OPTIONAL, "hub:provision", ("제공 형태", "Form of provision"),
        ("포털 다운로드, 기관 자체 제공 등", "A download of the portal, a link to the organisation and so on."), datagokr="제공형태"),
    row("api_type", Kind.CODE, OPTIONAL, "hub:apiType", ("API 유형", "API type"),
        ("REST, SOAP 등", "REST, SOAP and so on."), vocabulary="api_type", datagokr="API 유형"),
    row("quota", Kind.STRING, OPTIONAL, "hub:quota", ("신청 가능 트래픽", "Quota"),
        ("하루에 부를 수 있는 횟수", "How many calls a day are given."), datagokr="신청가능 트래픽"),
    row("approval", Kind.CODE, OPTIONAL, "hub:approval", ("심의 유형", "Approval"),
        ("자동 승인인지 심의 승인인지", "Whether use is approved at once or after a review."), vocabulary="approval", datagokr="심의 유형"),
)

SERVICE = (
    row("title", Kind.TEXT, MANDATORY, "dct:title", ("이름", "Title"), ("서비스의 이름", "The name of the service.")),
    row("endpoint_urls", Kind.ADDRESS, MANDATORY, "dcat:endpointURL", ("서비스 주소", "Endpoint URLs"),
        ("부르는 주소", "Where it is called."), many=True),
    row("endpoint_descriptions", Kind.ADDRESS, RECOMMENDED, "dcat:endpointDescription", ("서비스 명세", "Endpoint descriptions"),
        ("OpenAPI 등 명세의 주소", "Addresses of its specification, as OpenAPI."), many=True),
    row("description", Kind.TEXT, OPTIONAL, "dct:description", ("설명", "Description"), ("무엇을 하는지", "What it does.")),
    row("organisation", Kind.ORGANISATION, RECOMMENDED, "dct:publisher", ("제공기관", "Publisher"),
        ("서비스를 내는 기관", "The organisation that runs it.")),
    row("contact_point", Kind.CONTACT, RECOMMENDED, "dcat:contactPoint", ("담당 부서", "Contact point"),
        ("문의에 답하는 부서", "The office that answers questions.")),
    row("keywords", Kind.KEYWORDS, RECOMMENDED, "dcat:keyword", ("키워드", "Keywords"),
        ("찾을 때 쓰는 낱말", "Words that people search for.")),
    row("theme", Kind.CODE, RECOMMENDED, "dcat:theme", ("분야", "Theme"),
        ("도시 데이터의 분야", "The field of city life."), vocabulary="theme"),
    row("serves", Kind.REFERENCE, RECOMMENDED, "dcat:servesDataset", ("제공 데이터셋", "Serves"),
        ("이 서비스로 받는 데이터셋", "The datasets that it gives access to."), many=True, of=Class.DATASET),
    row("conforms_to", Kind.ADDRESS, RECOMMENDED, "dct:conformsTo", ("따르는 표준", "Conforms to"),
        ("따르는 표준의 주소", "URIs of the standards that it follows."), many=True),
    row("access_level", Kind.CODE, OPTIONAL, "dct:accessRights", ("공개 등급", "Access level"),
        ("누가 쓸 수 있는지", "Who may use it."), vocabulary="access_level"),
    row("licence", Kind.CODE, OPTIONAL, "dct:license", ("이용허락", "Licence"),
        ("이용 조건", "The terms of use."), vocabulary="licence"),
    row("formats", Kind.CODE, OPTIONAL, "dct:format", ("형식", "Formats"),
        ("답하는 형식", "The formats of its answers."), vocabulary="file_type", many=True),
    row("landing_page", Kind.ADDRESS, OPTIONAL, "dcat:landingPage", ("안내 페이지", "Landing page"),
        ("안내 페이지", "The page about it.")),
    row("documentation", Kind.ADDRESS, OPTIONAL, "foaf:page", ("설명 문서", "Documentation"),
        ("설명하는 문서", "Pages and papers about it."), many=True),
    row("applicable_legislation", Kind.ADDRESS, OPTIONAL, "dcatap:applicableLegislation", ("적용 법령", "Applicable legislation"),
        ("서비스를 내게 한 법령의 주소", "URIs of the laws that make it be offered."), many=True),
)

SERIES = (
    row("title", Kind.TEXT, MANDATORY, "dct:title", ("이름", "Title"), ("시리즈의 이름", "The name of the series.")),
    row("description", Kind.TEXT, MANDATORY, "dct:description", ("설명", "Description"),
        ("무엇이 모였고 어떻게 이어지는지", "What it brings together, and how its datasets follow each other.")),
    row("organisation", Kind.ORGANISATION, RECOMMENDED, "dct:publisher", ("제공기관", "Publisher"),
        ("시리즈를 내는 기관", "The organisation that publishes it.")),
    row("contact_point", Kind.CONTACT, RECOMMENDED, "dcat:contactPoint", ("담당 부서", "Contact point"),
        ("문의에 답하는 부서", "The office that answers questions.")),
    row("region", Kind.REGION, RECOMMENDED, "dct:spatial", ("지역", "Region"),
        ("다루는 곳의 법정동 코드", "The legal region code of the area covered."), vocabulary="region"),
    row("frequency", Kind.CODE, OPTIONAL, "dct:accrualPeriodicity", ("갱신 주기", "Update frequency"),
        ("새 데이터셋이 더해지는 주기", "How often a dataset is added."), vocabulary="frequency"),
    row("temporal", Kind.PERIOD, OPTIONAL, "dct:temporal", ("기간", "Temporal coverage"),
        ("다루는 기간", "The time covered.")),
    row("issued", Kind.MOMENT, OPTIONAL, "dct:issued", ("등록일", "Issued"), ("처음 나온 날", "When it first came out.")),
    row("modified", Kind.MOMENT, OPTIONAL, "dct:modified", ("수정일", "Modified"), ("마지막으로 바뀐 날", "When it last changed.")),
    row("applicable_legislation", Kind.ADDRESS, OPTIONAL, "dcatap:applicableLegislation", ("적용 법령", "Applicable legislation"),
        ("시리즈를 내게 한 법령의 주소", "URIs of the laws that make it be published."), many=True),
)

CATALOGUE = (
    row("title", Kind.TEXT, MANDATORY, "dct:title", ("이름", "Title"), ("허브의 이름", "The name of the hub.")),
    row("description", Kind.TEXT, MANDATORY, "dct:description", ("설명", "Description"),
        ("누구의 어떤 자료를 모으는지", "Whose data it brings together, and which.")),
    row("organisation", Kind.ORGANISATION, MANDATORY, "dct:publisher", ("운영기관", "Publisher"),
        ("허브를 운영하는 기관", "The organisation that runs the hub.")),
    row("homepage", Kind.ADDRESS, RECOMMENDED, "foaf:homepage", ("누리집", "Homepage"), ("허브의 누리집", "The hub's home page.")),
    row("languages", Kind.CODE, RECOMMENDED, "dct:language", ("언어", "Languages"),
        ("설명에 쓰인 언어", "The languages of the descriptions."), vocabulary="language", many=True),
    row("licence", Kind.CODE, RECOMMENDED, "dct:license", ("이용허락", "Licence"),
        ("설명(메타데이터)의 이용 조건", "The terms of use of the descriptions."), vocabulary="licence"),
    row("region", Kind.REGION, RECOMMENDED, "dct:spatial", ("지역", "Region"),
        ("허브가 맡은 지역", "The region that the hub is for."), vocabulary="region"),
    row("issued", Kind.MOMENT, RECOMMENDED, "dct:issued", ("개설일", "Issued"), ("문을 연 날", "When it opened.")),
    row("modified", Kind.MOMENT, RECOMMENDED, "dct:modified", ("수정일", "Modified"), ("마지막으로 바뀐 날", "When it last changed.")),
    row("theme_taxonomies", Kind.ADDRESS, RECOMMENDED, "dcat:themeTaxonomy", ("분류 체계", "Theme taxonomies"),
        ("쓰는 분류 체계의 주소", "URIs of the lists of themes in use."), many=True),
    row("rights", Kind.TEXT, OPTIONAL, "dct:rights", ("권리", "Rights"), ("이용 조건을 글로 적은 것", "The terms of use, in words.")),
    row("temporal", Kind.PERIOD, OPTIONAL, "dct:temporal", ("기간", "Temporal coverage"), ("다루는 기간", "The time covered.")),
    row("creators", Kind.AGENT, OPTIONAL, "dct:creator", ("만든 기관", "Creators"), ("만든 기관", "Who made the catalogue."), many=True),
    row("catalogues", Kind.ADDRESS, OPTIONAL, "dcat:catalog", ("하위 카탈로그", "Catalogues"),
        ("이 허브가 모으는 다른 카탈로그", "Other catalogues that the hub brings together."), many=True),
    row("parts", Kind.ADDRESS, OPTIONAL, "dct:hasPart", ("부분 카탈로그", "Parts"),
        ("이 카탈로그의 부분", "Catalogues that are part of this one."), many=True),
    row("applicable_legislation", Kind.ADDRESS, OPTIONAL, "dcatap:applicableLegislation", ("적용 법령", "Applicable legislation"),
        ("허브를 두게 한 법령의 주소", "URIs of the laws that the hub rests on."), many=True),
)

ORGANISATION = (
    row("name", Kind.TEXT, MANDATORY, "foaf:name", ("이름", "Name"), ("기관의 이름", "The name of the organisation.")),
    row("type", Kind.CODE, RECOMMENDED, "dct:type", ("유형", "Type"),
        ("중앙, 광역, 기초 등", "National, regional, local and so on."), vocabulary="publisher_type"),
    row("description", Kind.TEXT, OPTIONAL, "dct:description", ("설명", "Description"), ("하는 일", "What it does.")),
    row("code", Kind.STRING, OPTIONAL, "hub:organisationCode", ("기관 코드", "Organisation code"),
        ("행정표준 기관 코드 (7자리)", "The code of administrative organisations (7 characters)."), datagokr="제공기관코드"),
    row("region", Kind.REGION, OPTIONAL, "dct:spatial", ("지역", "Region"), ("맡은 지역", "The region that it is for."), vocabulary="region"),
    row("homepage", Kind.ADDRESS, OPTIONAL, "foaf:homepage", ("누리집", "Homepage"), ("누리집 주소", "Its home page.")),
    row("contact_point", Kind.CONTACT, OPTIONAL, "dcat:contactPoint", ("담당 부서", "Contact point"),
        ("문의에 답하는 부서", "The office that answers questions.")),
)

CONTACT = (
    row("name", Kind.TEXT, MANDATORY, "vcard:fn", ("부서 이름", "Name of the office"),
        ("부서의 이름. 사람 이름은 적지 않음", "The office; never the name of a person.")),
    row("email", Kind.STRING, RECOMMENDED, "vcard:hasEmail", ("전자우편", "E-mail"), ("부서의 전자우편", "The e-mail of the office.")),
    row("phone", Kind.STRING, OPTIONAL, "vcard:hasTelephone", ("전화", "Telephone"),
        ("부서의 전화", "The telephone of the office."), datagokr="관리부서 전화번호"),
    row("url", Kind.ADDRESS, OPTIONAL, "vcard:hasURL", ("문의 페이지", "Contact page"), ("문의하는 페이지", "The page for questions.")),
)

COLUMN = (
    row("name", Kind.STRING, MANDATORY, "csvw:name", ("이름", "Name"),
        ("API에서 쓰는 이름 (영어 소문자)", "The name in the API (lower-case Latin letters).")),
    row("type", Kind.CODE, MANDATORY, "csvw:datatype", ("형식", "Type"), ("값의 형식", "The type of its values."), vocabulary="column_type"),
    row("title", Kind.TEXT, RECOMMENDED, "csvw:title", ("제목", "Title"), ("사람이 읽는 이름", "The name that people read.")),
    row("description", Kind.TEXT, RECOMMENDED, "dct:description", ("설명", "Description"), ("무엇을 뜻하는지", "What it means.")),
    row("unit", Kind.STRING, OPTIONAL, "hub:unit", ("단위", "Unit"), ("단위 (UCUM, 예: ug/m3)", "The unit (UCUM, as ug/m3).")),
    row("is_required", Kind.BOOLEAN, OPTIONAL, "csvw:required", ("필수", "Required"), ("비어 있을 수 없는지", "Whether it is never empty.")),
    row("is_key", Kind.BOOLEAN, OPTIONAL, "hub:isKey", ("기본 키", "Key"), ("레코드를 가리키는 열인지", "Whether it identifies a record.")),
    row("values", Kind.STRING, OPTIONAL, "hub:value", ("허용 값", "Values"), ("쓸 수 있는 값", "The values that it may have."), many=True),
    row("code_list", Kind.ADDRESS, OPTIONAL, "hub:codeList", ("코드표", "Code list"), ("코드표의 주소", "The URI of its code list.")),
    row("minimum", Kind.DECIMAL, OPTIONAL, "hub:minimum", ("가장 작은 값", "Minimum"), ("가장 작은 값", "The smallest value.")),
    row("maximum", Kind.DECIMAL, OPTIONAL, "hub:maximum", ("가장 큰 값", "Maximum"), ("가장 큰 값", "The largest value.")),
    row("personal_data", Kind.CODE, OPTIONAL, "hub:personalDataClass", ("개인정보 등급", "Personal data class"),
        ("개인정보의 종류", "What kind of personal data it is."), vocabulary="personal_data_class"),
    row("source", Kind.STRING, OPTIONAL, "hub:sourceName", ("원천 이름", "Name at the source"),
        ("원천에서 쓰는 열 이름", "The column's name at the platform.")),
    row("standard_name", Kind.STRING, OPTIONAL, "hub:standardName", ("표준 이름", "Standard name"),
        ("데이터 모델이나 표준데이터의 항목 이름", "Its name in the data model or the national standard data.")),
)

DATA_MODEL = (
    row("name", Kind.STRING, MANDATORY, "dct:identifier", ("식별자", "Name"), ("모델의 식별자", "The model's identifier.")),
    row("version", Kind.STRING, MANDATORY, "dcat:version", ("버전", "Version"), ("모델의 버전", "The model's version.")),
    row("title", Kind.TEXT, MANDATORY, "dct:title", ("이름", "Title"), ("모델의 이름", "The name of the model.")),
    row("description", Kind.TEXT, MANDATORY, "dct:description", ("설명", "Description"), ("무엇을 담는지", "What its records tell.")),
    row("theme", Kind.CODE, RECOMMENDED, "dcat:theme", ("분야", "Theme"), ("도시 데이터의 분야", "The field of city life."), vocabulary="theme"),
    row("columns", Kind.PART, MANDATORY, "csvw:column", ("열", "Columns"), ("열의 묶음", "Its columns."), many=True, of=Class.COLUMN),
    row("standard_data", Kind.STRING, OPTIONAL, "hub:standardData", ("전국표준데이터", "National standard data"),
        ("대응하는 전국표준데이터", "The national standard dataset that it maps to.")),
    row("smart_data_model", Kind.ADDRESS, OPTIONAL, "skos:closeMatch", ("Smart Data Models", "Smart Data Model"),
        ("대응하는 Smart Data Models의 유형", "The type of Smart Data Models that it maps to.")),
)
# fmt: on

# A dataset's fields in groups, as a form shows them; together they are the class.
GROUPS: tuple[tuple[Text, tuple[Field, ...]], ...] = (
    (Text(ko="무엇인가", en="What it is"), IDENTITY),
    (Text(ko="어디의 언제 자료인가", en="Where and when"), COVERAGE),
    (Text(ko="어떻게 만들어지는가", en="How it comes about"), ORIGIN),
    (Text(ko="쓰기 전에 알 것", en="What to know before using it"), USE),
    (Text(ko="관계와 식별", en="Relations and identifiers"), RELATIONS),
    (Text(ko="다른 목록의 항목", en="What other catalogues tell"), ELSEWHERE),
)
DATASET = tuple(field for _, fields in GROUPS for field in fields)

PROFILE: Mapping[Class, tuple[Field, ...]] = {
    Class.CATALOGUE: CATALOGUE,
    Class.ORGANISATION: ORGANISATION,
    Class.DATASET: DATASET,
    Class.DISTRIBUTION: DISTRIBUTION,
    Class.SERVICE: SERVICE,
    Class.SERIES: SERIES,
    Class.DATA_MODEL: DATA_MODEL,
    Class.COLUMN: COLUMN,
    Class.CONTACT: CONTACT,
}
FIELDS = PROFILE[Class.DATASET]
FIELD: Mapping[str, Field] = {field.name: field for field in FIELDS}


def fields_of(class_: Class) -> Mapping[str, Field]:
    """Return the fields of a class by name, in the standard's order."""
    return {field.name: field for field in PROFILE[class_]}
