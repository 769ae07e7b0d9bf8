"""What a steward decides about changed columns: describe them, map them to those that are known, or leave them out.

A run tells what has changed (``Run.drift``, written by ``catalog/records/drift.py``). A decision changes the dataset's
columns through the one writer of descriptions, then asks for the kept answers of the run to be read again. Until then the
old snapshot goes on being served.
"""

import dataclasses
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from catalog.describe import describe, describe_row
from catalog.errors import BadSchema
from catalog.feed import lock_feed
from catalog.models import Dataset
from catalog.publish import describe_dataset
from catalog.records import Column, Schema, from_table_schema
from catalog.records.schema import NAME_PATTERN, RESERVED_NAMES
from catalog.standard import Class
from catalog.text import Text
from ingest.errors import BadSetup, NotRepeatable
from ingest.models import Run, Source
from ingest.repetitions import replay_run
from ingest.runs import offer_run
from ingest.sources import check_expectations

NO_COLUMN = Text(
    ko="이 실행에서 달라진 열이 아닙니다. 정할 수 있는 열: {allowed}",
    en="is not one of the columns that changed in this run; these did: {allowed}",
)
NO_NAME = Text(
    ko="이름을 정해 주십시오. 영문 소문자로 시작하고 소문자·숫자·밑줄만 씁니다",
    en="needs a name: it starts with a lower-case letter and holds only lower-case letters, digits and _",
)
SHARED = Text(
    ko="원천의 '{source}' 열에 두 열을 이을 수는 없습니다", en="two columns cannot both be '{source}' of the platform"
)
IN_USE = Text(
    ko="{part}에 쓰이는 열이라 뺄 수 없습니다. 이름이 바뀌었다면 새 이름에 잇고, 아니면 데이터셋의 {part}부터 고치십시오",
    en="cannot be taken out, for it is part of the dataset's {part}; map it to its new name, or change the {part} first",
)
FIXED_SHAPE = Text(
    ko="{mode} 방식으로 쌓인 레코드가 있어 열의 구성을 바꿀 수 없습니다. 이름이 바뀐 열은 잇고 새 열은 빼십시오. "
    "꼭 바꾸려면 데이터셋의 열을 고친 뒤 소스를 한 번 replace 방식으로 전체를 받으십시오",
    en="records were added with mode {mode}, so the columns must stay as they are: map what was renamed and leave new "
    "columns out; to change them all the same, change the dataset's columns and pull everything once with mode replace",
)
PARTS = {
    "key": Text(ko="키", en="key"),
    "time": Text(ko="시간 열", en="time column"),
    "geometry": Text(ko="위치", en="place"),
}


@dataclass(frozen=True)
class Accepted:
    """What becomes of a new column: its name here (the platform's if that will do), type (as it looks) and title."""

    name: str = ""
    type: str = ""
    title: Text = Text()


@dataclass(frozen=True)
class Decision:
    """All that is decided about one run's columns; what is not named stays as it is.

    ``new`` columns go by the platform's names, ``missing`` and ``retyped`` ones by ours. ``retyped`` tells the new type, ""
    for what they look like now. ``mapped`` tells the platform's name of a column of ours, ``refused`` are left out for good.
    """

    new: Mapping[str, Accepted] = field(default_factory=dict)
    missing: Collection[str] = ()
    retyped: Mapping[str, str] = field(default_factory=dict)
    mapped: Mapping[str, str] = field(default_factory=dict)
    refused: Collection[str] = ()


def accept(
    run: Run,
    *,
    new: Mapping[str, Accepted] | None = None,
    missing: Collection[str] = (),
    retyped: Mapping[str, str] | None = None,
) -> Run:
    """Take columns as they are now, and read the run's answers again; return the run that does."""
    return decide_drift(run, Decision(new=new or {}, missing=missing, retyped=retyped or {}))


def map_columns(run: Run, columns: Mapping[str, str]) -> Run:
    """Tell of columns of ours what the platform calls them now, and read the run's answers again."""
    return decide_drift(run, Decision(mapped=columns))


def refuse(run: Run, names: Collection[str]) -> Run:
    """Leave columns of the platform out for good, and read the run's answers again."""
    return decide_drift(run, Decision(refused=names))


@transaction.atomic
def decide_drift(run: Run, decision: Decision) -> Run:
    """Carry a decision out and return the run that reads the kept answers again, or pulls anew where that cannot be.

    A decision that contradicts itself, the run or what is published raises BadSetup and changes nothing.
    """
    lock_feed()  # before the source, as a run that is published does
    source = Source.objects.select_for_update(of=("self",)).get(pk=run.source_id)
    dataset = source.distribution.dataset
    before = from_table_schema(source.distribution.schema)
    after = changed_schema(before, run.drift, decision)
    if after != before:
        refuse_other_shape(source, before, after)
        describe_dataset(dataset.slug, own_description(dataset), after)
        source.distribution.refresh_from_db()
        check_expectations(source.expectations, source.distribution)
    if decision.refused:
        check_names("refused", decision.refused, undescribed(run, after))
        source.ignored_columns = sorted({*source.ignored_columns, *decision.refused})
        source.save(update_fields=["ignored_columns", "modified_at"])
    try:
        return replay_run(run)
    except NotRepeatable:
        return offer_run(source)


def own_description(dataset: Dataset) -> dict[str, Any]:
    """Return the description as it was written, without what the organisation lends it."""
    own = describe_row(dataset, Class.DATASET)
    return {name: value for name, value in describe(dataset).items() if name in own or name == "distributions"}


def undescribed(run: Run, schema: Schema) -> list[str]:
    """Return the columns of the platform that a decision may name: new ones, and those that look like renamed ones."""
    found = [entry["name"] for entry in run.drift.get("new", ())]
    found += [entry["to"] for entry in run.drift.get("renamed", ())]
    declared = {column.source_name for column in schema.columns}
    return [name for name in dict.fromkeys(found) if name not in declared]


def changed_schema(schema: Schema, drift: Mapping[str, Any], decision: Decision) -> Schema:
    """Return the columns as they are after a decision."""
    told = {kind: {entry["name"]: entry for entry in drift.get(kind, ())} for kind in ("new", "missing", "retyped")}
    check_names("new", decision.new, told["new"])
    check_names("missing", decision.missing, told["missing"])
    check_names("retyped", decision.retyped, told["retyped"])
    check_names("mapped", decision.mapped, schema.names)
    for name in decision.missing:
        refuse_part(schema, name)
    columns = [column for column in schema.columns if column.name not in decision.missing]
    columns = [
        dataclasses.replace(column, source=decision.mapped.get(column.name, column.source)) for column in columns
    ]
    columns = [
        retyped(column, decision.retyped[column.name] or told["retyped"][column.name]["now"])
        if column.name in decision.retyped
        else column
        for column in columns
    ]
    columns += [described(told["new"][name], accepted) for name, accepted in decision.new.items()]
    refuse_shared(columns, decision)
    sorted_by = tuple(name for name in schema.sorted_by if name not in decision.missing)
    try:
        return dataclasses.replace(schema, columns=tuple(columns), sorted_by=sorted_by)
    except BadSchema as error:
        raise BadSetup(where=error.values["where"], problem=error.values["reason"]) from error


def check_names(where: str, names: Iterable[str], allowed: Collection[str]) -> None:
    for name in names:
        if name not in allowed:
            raise BadSetup(where=f"{where}.{name}", problem=NO_COLUMN.format(allowed=", ".join(allowed) or "-"))


def refuse_shared(columns: Iterable[Column], decision: Decision) -> None:
    """Refuse to let two columns of ours be one of the platform's."""
    names = Counter(column.source_name for column in columns)
    for name, source in [*decision.mapped.items(), *((source, source) for source in decision.new)]:
        if names[source] > 1:
            where = "new" if name in decision.new else "mapped"
            raise BadSetup(where=f"{where}.{name}", problem=SHARED.format(source=source))


def refuse_part(schema: Schema, name: str) -> None:
    """Refuse to take out a column that records are told apart, dated or placed by."""
    geometry = schema.geometry
    used = {
        "key": schema.key,
        "time": (schema.time,),
        "geometry": (geometry.longitude, geometry.latitude, geometry.column) if geometry else (),
    }
    for part, names in used.items():
        if name in names:
            raise BadSetup(where=f"missing.{name}", problem=IN_USE.format(part=PARTS[part]))


def retyped(column: Column, kind: str) -> Column:
    """Return the column with another type; limits go with numbers."""
    if kind in ("integer", "number"):
        return dataclasses.replace(column, type=kind)
    return dataclasses.replace(column, type=kind, minimum=None, maximum=None)


def described(entry: Mapping[str, Any], accepted: Accepted) -> Column:
    """Return a column for what came new: by the platform's name where that can be one of ours."""
    source = entry["name"]
    if not accepted.name and (not NAME_PATTERN.match(source) or source in RESERVED_NAMES or "__" in source):
        raise BadSetup(where=f"new.{source}", problem=NO_NAME)
    name = accepted.name or source
    return Column(
        name=name,
        type=accepted.type or entry["type"],
        title=accepted.title or Text(ko=source),
        source="" if name == source else source,
    )


def refuse_other_shape(source: Source, before: Schema, after: Schema) -> None:
    """Refuse other columns where rows were added to those that are published: what lies there has the old ones."""
    if [(column.name, column.type) for column in before.columns] == [
        (column.name, column.type) for column in after.columns
    ]:
        return
    adding = source.distribution.sources.exclude(mode=Source.Mode.REPLACE).values_list("mode", flat=True).first()
    if adding and source.distribution.current_snapshot_id is not None:
        raise BadSetup(where="columns", problem=FIXED_SHAPE.format(mode=adding))
