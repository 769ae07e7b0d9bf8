"""The pages of the metadata standard: its classes field by field, a vocabulary with its codes, a data model with its columns."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.urls import reverse

from catalog.portal.spoken import Spoken, say
from catalog.standard import CLASSES, GROUPS, PROFILE, VERSION, Class, Field, Kind, Obligation
from catalog.standard.conformance import RULES, Level
from catalog.standard.data_models import DataModel, ModelColumn, data_model, data_models
from catalog.standard.profile_document import ELSEWHERE, full
from catalog.standard.publication import DOCUMENTS
from catalog.standard.vocabularies import PERMANENT, Concept, scheme_label, scheme_path, vocabulary, vocabulary_names
from catalog.standard.wording import KINDS, OBLIGATIONS, cardinality
from catalog.text import Text

HANGUL = re.compile(r"[가-힣]")
MOST_SHOWN = 500  # codes on a page; a longer vocabulary is had as a table
# What a code is called elsewhere, as the heads of its columns; what has no row here is told by its own name.
MAPPINGS: Mapping[str, Text] = {
    "titles": Text(ko="다른 이름", en="Other names"),
    "also": Text(ko="다른 주소", en="Other URIs"),
    "eu_code": Text(ko="EU 코드", en="EU code"),
    "eu": Text(ko="EU 코드", en="EU code"),
    "datagokr": Text(ko="공공데이터포털", en="data.go.kr"),
    "keti": Text(ko="시티 데이터 허브", en="City Data Hub"),
    "ckan": Text(ko="CKAN", en="CKAN"),
    "datajson": Text(ko="data.json", en="data.json"),
    "spdx": Text(ko="SPDX", en="SPDX"),
    "media_type": Text(ko="미디어 유형", en="Media type"),
    "extensions": Text(ko="확장자", en="Extensions"),
    "parent": Text(ko="상위", en="Above"),
    "successors": Text(ko="바뀐 코드", en="Replaced by"),
    "note": Text(ko="참고", en="Note"),
    "near": Text(ko="가까운 이용허락", en="Near to"),
    "is_open": Text(ko="열린 이용허락", en="Open"),
    "commercial": Text(ko="상업적 이용", en="Commercial use"),
    "derivatives": Text(ko="변경", en="Derivatives"),
    "attribution": Text(ko="출처 표시", en="Attribution"),
    "share_alike": Text(ko="동일 조건", en="Share alike"),
    "ai_training": Text(ko="인공지능 학습", en="Training of AI"),
    "licence_type": Text(ko="이용허락의 성격", en="Licence type"),
    "publishable": Text(ko="공개할 수 있음", en="May be published"),
    "theme": Text(ko="분야", en="Theme"),
    "version": Text(ko="버전", en="Version"),
    "standard_data": Text(ko="전국표준데이터", en="National standard data"),
    "smart_data_model": Text(ko="Smart Data Models", en="Smart Data Models"),
    "iso8601": Text(ko="ISO 8601", en="ISO 8601"),
    "dublin_core": Text(ko="더블린 코어", en="Dublin Core"),
    "machine_readable": Text(ko="기계가 읽을 수 있음", en="Machine-readable"),
    "non_proprietary": Text(ko="특정 업체에 매이지 않음", en="Non-proprietary"),
    "name": Text(ko="이름", en="Name"),
}
SHOWN_MAPPINGS = ("titles", "datagokr", "keti", "eu_code", "eu", "spdx", "media_type", "parent", "successors", "note")


@dataclass(frozen=True)
class Machine:
    """A form of the standard for programs."""

    name: str
    label: Spoken
    purpose: Spoken


@dataclass(frozen=True)
class FieldRow:
    anchor: str
    name: str
    label: Spoken
    definition: Spoken
    obligation: str
    obligation_label: Spoken
    cardinality: str
    kind: Spoken
    vocabulary: str
    of: str
    of_label: Spoken | None
    term: str
    uri: str


@dataclass(frozen=True)
class FieldGroup:
    label: Spoken | None
    rows: Sequence[FieldRow]


@dataclass(frozen=True)
class ClassPart:
    name: str
    label: Spoken
    definition: Spoken
    term: str
    uri: str
    count: int
    mandatory: int
    groups: Sequence[FieldGroup]


@dataclass(frozen=True)
class MappingRow:
    anchor: str
    label: Spoken
    owner: Spoken
    term: str
    names: Sequence[str]


@dataclass(frozen=True)
class ListEntry:
    """A vocabulary or a data model in a list: its name, its label, and how much is in it."""

    name: str
    label: Spoken
    count: int
    note: str = ""


@dataclass(frozen=True)
class RuleRow:
    identifier: str
    demand: Spoken
    level: str


@dataclass(frozen=True)
class StandardPage:
    version: str
    address: str
    machines: Sequence[Machine]
    classes: Sequence[ClassPart]
    fields: int
    mandatory: int
    elsewhere: Sequence[Spoken]
    mappings: Sequence[MappingRow]
    vocabularies: Sequence[ListEntry]
    models: Sequence[ListEntry]
    rules: Sequence[RuleRow]


def standard_page() -> StandardPage:
    return StandardPage(
        version=VERSION,
        address=f"{PERMANENT}/standard/{VERSION}/",
        machines=[Machine(row.name, say(row.label), say(row.purpose)) for row in DOCUMENTS.values()],
        classes=[class_part(class_) for class_ in ORDER],
        fields=sum(len(fields) for fields in PROFILE.values()),
        mandatory=sum(is_mandatory(field) for field in PROFILE[Class.DATASET]),
        elsewhere=[say(label) for label in ELSEWHERE.values()],
        mappings=list(mapping_rows()),
        vocabularies=[ListEntry(name, say(scheme_label(name)), len(vocabulary(name))) for name in vocabulary_names()],
        models=[
            ListEntry(model.name, say(model.title), len(model.columns), model.standard_data)
            for model in data_models().values()
        ],
        rules=[
            RuleRow(rule.identifier, say(rule.demand), str(rule.level))
            for rule in RULES
            if rule.level is not Level.HINT
        ],
    )


# The dataset first: it is what people come for.
ORDER = (Class.DATASET, Class.DISTRIBUTION, Class.COLUMN, *(
    class_ for class_ in Class if class_ not in (Class.DATASET, Class.DISTRIBUTION, Class.COLUMN)
))  # fmt: skip


def class_part(class_: Class) -> ClassPart:
    row, fields = CLASSES[class_], PROFILE[class_]
    grouped = [(say(label), members) for label, members in GROUPS] if class_ is Class.DATASET else [(None, fields)]
    return ClassPart(
        name=str(class_),
        label=say(row.label),
        definition=say(row.definition),
        term=row.term,
        uri=full(row.term),
        count=len(fields),
        mandatory=sum(map(is_mandatory, fields)),
        groups=[FieldGroup(label, [field_row(class_, field) for field in members]) for label, members in grouped],
    )


def is_mandatory(field: Field) -> bool:
    return field.obligation is Obligation.MANDATORY


def field_row(class_: Class, field: Field) -> FieldRow:
    inner = Class.CONTACT if field.kind is Kind.CONTACT else field.of
    inner = Class.ORGANISATION if field.kind is Kind.ORGANISATION else inner
    return FieldRow(
        anchor=f"{class_}.{field.name}",
        name=field.name,
        label=say(field.label),
        definition=say(field.definition),
        obligation=str(field.obligation),
        obligation_label=say(OBLIGATIONS[field.obligation]),
        cardinality=cardinality(field),
        kind=say(KINDS[field.kind]),
        vocabulary=field.vocabulary,
        of=str(inner) if inner else "",
        of_label=say(CLASSES[inner].label) if inner else None,
        term=field.term,
        uri=full(field.term),
    )


def mapping_rows() -> Iterable[MappingRow]:
    """Yield the fields that have a name elsewhere, with it, in the order of the columns."""
    for class_ in ORDER:
        for field in PROFILE[class_]:
            if field.names:
                names = [field.names.get(name, "") for name in ELSEWHERE]
                anchor = f"{class_}.{field.name}"
                yield MappingRow(anchor, say(field.label), say(CLASSES[class_].label), field.term, names)


@dataclass(frozen=True)
class ConceptRow:
    code: str
    path: str
    label: Spoken
    other_label: str
    other_language: str
    uri: str
    is_ours: bool
    since: str
    until: str
    cells: Sequence[Sequence[Spoken]]


@dataclass(frozen=True)
class VocabularyPage:
    """A vocabulary, or one code of it; ``total`` is more than the rows when it is too long for a page."""

    name: str
    label: Spoken
    address: str
    path: str
    concept: ConceptRow | None
    heads: Sequence[Spoken]
    has_time: bool
    rows: Sequence[ConceptRow]
    total: int
    used_by: Sequence[tuple[str, Spoken, Spoken]]


def vocabulary_page(name: str, code: str = "") -> VocabularyPage | None:
    """Return the page of a vocabulary or of a code in it, None when there is no such code."""
    concepts = vocabulary(name)
    if code and code not in concepts:
        return None
    shown = [concepts[code]] if code else list(concepts.values())[:MOST_SHOWN]
    columns = [column for column in SHOWN_MAPPINGS if any(concept.mappings.get(column) for concept in shown)]
    if code:
        columns = list(concepts[code].mappings)
    rows = [concept_row(concept, columns) for concept in shown]
    return VocabularyPage(
        name=name,
        label=say(scheme_label(name)),
        address=PERMANENT + (concepts[code].path if code else scheme_path(name)),
        path=scheme_path(name),
        concept=rows[0] if code else None,
        heads=[say(MAPPINGS.get(column, Text(ko=column, en=column))) for column in columns],
        has_time=any(concept.since or concept.until for concept in shown),
        rows=rows,
        total=len(concepts),
        used_by=[
            (f"{class_}.{field.name}", say(CLASSES[class_].label), say(field.label))
            for class_ in ORDER
            for field in PROFILE[class_]
            if field.vocabulary == name
        ],
    )


def concept_row(concept: Concept, columns: Iterable[str]) -> ConceptRow:
    label = say(concept.label)
    other_language = "en" if label.language == "ko" else "ko"
    other = concept.label.as_dict().get(other_language, "")
    return ConceptRow(
        code=concept.code,
        path=concept.path,
        label=label,
        other_label=other if other != label.text else "",
        other_language=other_language,
        uri=concept.uri,
        is_ours=concept.is_ours,
        since=concept.since,
        until=concept.until,
        cells=[as_found(concept.names_in(column)) for column in columns],
    )


def as_found(names: Iterable[str]) -> list[Spoken]:
    """Return names that nobody translates, each in the language of its letters."""
    return [Spoken(name, "ko" if HANGUL.search(name) else "en") for name in names]


@dataclass(frozen=True)
class ColumnRow:
    name: str
    title: Spoken
    description: Spoken
    type: Spoken
    unit: str
    is_required: bool
    is_key: bool
    values: Sequence[tuple[str, Spoken]]
    found_as: Sequence[Spoken]
    smart_data_models: str
    keti: str


@dataclass(frozen=True)
class ModelPage:
    model: DataModel
    title: Spoken
    description: Spoken
    theme: Spoken
    address: str
    records: str
    columns: Sequence[ColumnRow]


def model_page(name: str) -> ModelPage:
    model = data_model(name)
    return ModelPage(
        model=model,
        title=say(model.title),
        description=say(model.description),
        theme=say(vocabulary("theme")[model.theme].label) if model.theme else say(Text()),
        address=f"{PERMANENT}{reverse('portal:data-model', args=[name])}",
        records=f"{reverse('portal:search')}?model={name}",
        columns=[column_row(column, model) for column in model.columns],
    )


def column_row(column: ModelColumn, model: DataModel) -> ColumnRow:
    return ColumnRow(
        name=column.name,
        title=say(column.title),
        description=say(column.description),
        type=say(vocabulary("column_type")[column.type].label),
        unit=column.unit,
        is_required=column.required,
        is_key=column.name in model.key,
        values=[(code, say(label)) for code, label in column.values.items()],
        found_as=as_found(column.standard_names),
        smart_data_models=column.smart_data_models,
        keti=column.keti,
    )
