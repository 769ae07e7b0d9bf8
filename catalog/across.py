"""Reading across cities: the records of every dataset that follows a data model, as if they were one.

Their columns are the model's, with its types and units; ``city`` and ``dataset`` tell where a record comes from. What a
dataset lacks is empty there, and what measures something else than the model's column is left out and said so.
"""

import dataclasses
import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Q

from catalog.access import Viewer, may_read, visible_datasets
from catalog.asked import manifest_of
from catalog.districts import with_districts
from catalog.errors import BadCursor, SnapshotNotFound, Unanswerable
from catalog.models import Dataset, Snapshot
from catalog.read import WRITING, Asked, checked, find_format, writing_of
from catalog.records import (
    Column,
    Manifest,
    Member,
    Schema,
    Taken,
    UnionSource,
    factor_between,
    from_table_schema,
    parse_query,
    read_as,
    snapshot_of_cursor,
)
from catalog.standard.data_models import DataModel, data_model
from catalog.storage import caller_limits, record_store
from catalog.text import Text

CITY = Column(
    "city",
    title=Text(ko="제공 기관", en="City"),
    description=Text(ko="데이터셋을 제공하는 기관의 이름", en="The organisation that provides the dataset."),
)
DATASET = Column(
    "dataset",
    title=Text(ko="데이터셋", en="Dataset"),
    description=Text(ko="허브에서 쓰는 데이터셋의 이름", en="The name of the dataset in the hub."),
)
WIDENED = {("integer", "number"), ("date", "string"), ("time", "string"), ("integer", "string")}


@dataclass(frozen=True)
class Part:
    """A dataset in the answer: its snapshot, and the model's columns that it lacks or measures in another way."""

    dataset: Dataset
    snapshot: Snapshot
    missing: tuple[str, ...]


@dataclass(frozen=True)
class ModelQuestion(Asked):
    """A question to all datasets of a data model that the viewer may read."""

    model: DataModel
    parts: tuple[Part, ...]
    moment: dt.datetime


def ask_model(
    name: str, parameters: Sequence[tuple[str, str]], viewer: Viewer, *, accepted_format: str | None = None
) -> ModelQuestion:
    """Return a question to the records of a data model; pages that follow one another read the same snapshots."""
    model = data_model(name)
    given = dict(parameters)
    if "snapshot" in given:
        reason = Text(ko="판은 데이터셋마다 다릅니다. 'as_of'를 쓰십시오", en="each dataset has its own; use 'as_of'")
        raise Unanswerable(parameter="snapshot", reason=reason)
    schema = model_schema(model)
    datasets = list(readable(model, viewer))
    moment, wanted = moment_of(given, datasets)
    parts, members = [], []
    for dataset in datasets:
        if snapshot := snapshot_at(dataset, moment):
            manifest = manifest_of(snapshot)
            taken = taken_columns(model, schema, manifest, dataset)
            members.append(Member(manifest, taken))
            missing = tuple(column for column in schema.names if column not in taken)
            parts.append(Part(dataset, snapshot, missing))
    digest = union_digest(members)
    if wanted and wanted != digest:
        raise SnapshotNotFound(snapshot=moment.isoformat())
    source = UnionSource(f"{moment.isoformat()} {digest}", schema, tuple(members), record_store(), caller_limits())
    rest = [(key, value) for key, value in parameters if key not in (*WRITING, "as_of")]
    query = with_districts(parse_query(rest, schema, others=WRITING))
    format_ = find_format(given.get("format") or accepted_format or "json")
    return checked(ModelQuestion(source, query, *writing_of(query, given, format_), model, tuple(parts), moment))


def model_schema(model: DataModel) -> Schema:
    """Return the columns of a model as records have them, after those that tell where a record comes from."""
    document = model.to_table_schema()
    schema = from_table_schema({**document, "primaryKey": []})
    own = [column for column in schema.columns if column.name not in (CITY.name, DATASET.name)]
    columns = [dataclasses.replace(column, required=False, enum=(), minimum=None, maximum=None) for column in own]
    return dataclasses.replace(schema, columns=(CITY, DATASET, *columns), key=(), is_answer=True)


def readable(model: DataModel, viewer: Viewer) -> Iterator[Dataset]:
    """Yield the datasets of a model whose records the viewer may read, by name."""
    datasets = visible_datasets(viewer).filter(data_model=model.name, distribution__current_snapshot__isnull=False)
    for dataset in datasets.select_related("distribution__current_snapshot").order_by("slug"):
        if may_read(viewer, dataset):
            yield dataset


def moment_of(given: Mapping[str, str], datasets: Sequence[Dataset]) -> tuple[dt.datetime, str]:
    """Return the time whose snapshots are read, and the digest that they must have (that of a cursor, else "")."""
    if "cursor" in given:
        text, _, digest = snapshot_of_cursor(given["cursor"]).partition(" ")
        try:
            moment = dt.datetime.fromisoformat(text)
        except ValueError as error:
            raise BadCursor from error
        if moment.tzinfo is None or not digest:  # none that this hub gave
            raise BadCursor
        return moment, digest
    if "as_of" in given:
        return read_as("datetime", "as_of", given["as_of"]), ""
    published = [dataset.current_snapshot.published_at for dataset in datasets]
    return max(published, default=dt.datetime(2000, 1, 1, tzinfo=dt.UTC)), ""


def snapshot_at(dataset: Dataset, moment: dt.datetime) -> Snapshot | None:
    """Return the snapshot that was published at a time."""
    current = dataset.current_snapshot
    if current.published_at <= moment:
        return current
    then = dataset.distribution.snapshots.filter(published_at__lte=moment)
    return then.filter(Q(replaced_at=None) | Q(replaced_at__gt=moment)).first()


def taken_columns(model: DataModel, schema: Schema, manifest: Manifest, dataset: Dataset) -> dict[str, Taken]:
    """Return how each column of the model is had from a dataset; one that cannot be had is not there."""
    taken = {
        CITY.name: Taken(text=dataset.organisation.name.in_language("ko")),
        DATASET.name: Taken(text=dataset.slug),
    }
    theirs = {column.standard_name: column for column in manifest.schema.columns if column.standard_name}
    theirs |= {column.name: column for column in manifest.schema.columns}
    for column in schema.columns[len(taken) :]:
        names = (column.name, *model.column(column.name).standard_names)
        source = next((theirs[name] for name in names if name in theirs), None)
        if source and (found := take(source, column)):
            taken[column.name] = found
    return taken


def take(source: Column, column: Column) -> Taken | None:
    """Return how a column of a model is had from a dataset's; None when it is of another type or measures something else."""
    factor = factor_between(source.unit, column.unit)
    fits = source.type == column.type or (source.type, column.type) in WIDENED
    if factor is None or not fits or (factor != 1 and column.type != "number"):
        return None
    return Taken(source.name, factor)


def union_digest(members: Sequence[Member]) -> str:
    content = "".join(f"{member.manifest.digest}{sorted(member.taken.items())!r}" for member in members)
    return hashlib.sha256(content.encode()).hexdigest()[:32]
