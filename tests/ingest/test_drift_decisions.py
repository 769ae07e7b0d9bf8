"""Changed columns from the platform to the steward's decision: held, the old served on, decided, read again, published."""

import csv
from pathlib import Path

import pytest
from builders import make_dataset
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pulling import LOTS, lots, make_source, published, pull, records, write_lots

from catalog.models import Change
from catalog.records import Column, Geometry, Schema, from_table_schema
from catalog.text import Text
from ingest.drift import Accepted, Decision, accept, decide_drift, map_columns, refuse
from ingest.errors import BadSetup
from ingest.models import Run, Source
from ingest.pipeline import pull_run
from ingest.raw import raw_store

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_pauses")]
State = Run.State
KEYED = Schema(columns=LOTS.columns, key=("lot_id",))
FEE = Column("fee", "integer", title=Text(ko="요금"), source="요금")


@pytest.fixture
def lots_file(tmp_path, settings) -> Path:
    settings.FILE_ROOTS = [tmp_path]
    return write_lots(tmp_path / "lots.csv", lots(*range(1, 11)))


def source_of(path: Path, mode: str = "replace", schema: Schema = LOTS, **options) -> Source:
    """Return a source that has been published once."""
    source = make_source(path, dataset=make_dataset(schema=schema), mode=mode, **options)
    assert pull(source).state == State.PUBLISHED
    source.refresh_from_db()
    return source


def change(path: Path, header: tuple[str, ...], *rows: tuple[object, ...]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])


def add_fee(path: Path) -> None:
    change(path, ("번호", "이름", "면수", "요금"), *[(*lot, n * 100) for n, lot in enumerate(lots(*range(1, 11)), 1)])


def finish(run: Run) -> Run:
    pull_run(run.pk)
    run.refresh_from_db()
    return run


def held(source: Source) -> Run:
    """Pull what has changed; it is held, and what was published is served on."""
    before = published(source)
    run = pull(source)
    assert run.state == State.HELD
    assert published(source) == before
    return run


def columns(source: Source) -> dict[str, Column]:
    source.distribution.refresh_from_db()
    return {column.name: column for column in from_table_schema(source.distribution.schema).columns}


# New columns


def test_the_columns_of_what_was_published_are_remembered(lots_file):
    assert source_of(lots_file).known_columns == ["면수", "번호", "이름"]


def test_a_new_column_is_held_and_accepted_and_published(lots_file):
    source = source_of(lots_file)
    add_fee(lots_file)
    run = held(source)
    assert run.drift["new"] == [{"name": "요금", "type": "integer", "examples": ["100", "200", "300"]}]
    lots_file.unlink()  # the kept answer is read, not the platform
    again = accept(run, new={"요금": Accepted(name="fee")})
    assert (again.kind, again.of) == (Run.Kind.REPLAY, run)
    assert finish(again).state == State.PUBLISHED
    assert columns(source)["fee"] == FEE
    assert records(source)[0] == {"lot_id": "0001", "name": "제1주차장", "spaces": 10, "fee": 100}
    assert again.drift == {}
    source.refresh_from_db()
    assert "요금" in source.known_columns
    kinds = ["created", "snapshot-published", "described", "snapshot-published"]
    assert [change.kind for change in Change.objects.order_by("sequence")] == kinds


def test_a_decision_locks_the_feed_before_the_source(lots_file):
    source = source_of(lots_file)
    add_fee(lots_file)
    run = held(source)
    with CaptureQueriesContext(connection) as asked:
        refuse(run, ["요금"])
    statements = [query["sql"] for query in asked if "FROM" in query["sql"]]
    assert "catalog_feedhead" in statements[0]


def test_a_new_column_keeps_a_name_that_will_do(lots_file):
    source = source_of(lots_file)
    change(lots_file, ("번호", "이름", "면수", "fee"), *[(*lot, 5) for lot in lots(*range(1, 11))])
    again = accept(held(source), new={"fee": Accepted(type="number", title=Text(ko="요금", en="Fee"))})
    assert finish(again).state == State.PUBLISHED
    assert columns(source)["fee"] == Column("fee", "number", title=Text(ko="요금", en="Fee"))


def test_a_refused_column_does_not_come_back(lots_file):
    source = source_of(lots_file)
    add_fee(lots_file)
    again = refuse(held(source), ["요금"])
    assert finish(again).state == State.UNCHANGED
    source.refresh_from_db()
    assert source.ignored_columns == ["요금"]
    later = pull(source)
    assert (later.state, later.drift, later.issues.count()) == (State.UNCHANGED, {}, 0)


def test_where_new_columns_are_left_out_they_are_published_without_and_known_from_then_on(lots_file):
    source = source_of(lots_file, expectations={"min_rows": 1, "new_columns": "leave-out"})
    add_fee(lots_file)
    run = pull(source)
    assert run.state == State.UNCHANGED
    assert [entry["name"] for entry in run.drift["new"]] == ["요금"]
    assert [(issue.code, issue.severity) for issue in run.issues.all()] == [("unknown-column", "warning")]
    assert pull(source).drift == {}


def test_a_held_column_is_told_again_as_long_as_nobody_decides(lots_file):
    source = source_of(lots_file)
    add_fee(lots_file)
    assert held(source).drift == held(source).drift


# Missing, renamed and retyped columns


def test_a_missing_column_is_taken_out(lots_file):
    source = source_of(lots_file)
    change(lots_file, ("번호", "면수"), ("0001", 10))
    run = held(source)
    assert run.drift["missing"] == [{"name": "name", "column": "이름"}]
    assert finish(accept(run, missing=["name"])).state == State.HELD  # and a tenth of the records is too few
    change(lots_file, ("번호", "면수"), *[(f"{n:04}", n) for n in range(1, 11)])
    assert pull(source).state == State.PUBLISHED
    assert records(source)[0] == {"lot_id": "0001", "spaces": 1}


def test_a_renamed_column_is_mapped(lots_file):
    source = source_of(lots_file)
    write_lots(lots_file, lots(*range(1, 12)), ("번호", "이름", "주차면수"))
    run = held(source)
    assert run.drift["renamed"] == [{"from": "spaces", "to": "주차면수"}]
    assert finish(map_columns(run, {"spaces": "주차면수"})).state == State.PUBLISHED
    assert columns(source)["spaces"].source == "주차면수"
    assert records(source)[-1]["spaces"] == 110


def test_a_column_takes_the_type_that_it_has_now(lots_file):
    source = source_of(lots_file)
    write_lots(lots_file, [(f"{n:04}", f"제{n}주차장", n + 0.5) for n in range(1, 11)])
    run = held(source)
    assert [(entry["name"], entry["now"]) for entry in run.drift["retyped"]] == [("spaces", "number")]
    assert finish(accept(run, retyped={"spaces": ""})).state == State.PUBLISHED
    assert records(source)[0]["spaces"] == 1.5


def test_a_retyped_column_is_held_though_few_enough_records_are_refused(lots_file):
    source = source_of(lots_file, expectations={"max_rejected_share": 1.0, "min_share": 0})
    write_lots(lots_file, [*lots(*range(1, 16)), *[(f"{n:04}", "이름", "많음") for n in range(16, 21)]])
    run = held(source)
    assert run.error_en.startswith(
        "spaces: 25% of the values no longer read as whole number but look like text: '많음'"
    )
    assert finish(accept(run, retyped={"spaces": "string"})).state == State.PUBLISHED
    assert records(source)[-1]["spaces"] == "많음"


def test_limits_of_a_number_go_with_its_type(lots_file):
    limited = Schema(columns=(*LOTS.columns[:2], Column("spaces", "integer", source="면수", minimum=0, maximum=999)))
    source = source_of(lots_file, schema=limited)
    write_lots(lots_file, [(f"{n:04}", "이름", "많음") for n in range(10)])
    assert finish(accept(held(source), retyped={"spaces": ""})).state == State.PUBLISHED
    assert columns(source)["spaces"] == Column("spaces", "string", source="면수")


def test_all_is_decided_at_once_and_read_again_once(lots_file):
    source = source_of(lots_file)
    header = ("번호", "명칭", "면수", "요금", "임시")
    change(lots_file, header, *[(n, f"{n}번 주차장", f"{n}면", n, "x") for n in range(1, 11)])
    decision = Decision(
        new={"요금": Accepted("fee")}, retyped={"spaces": "string"}, mapped={"name": "명칭"}, refused=["임시"]
    )
    assert finish(decide_drift(held(source), decision)).state == State.PUBLISHED
    assert records(source)[0] == {"lot_id": "1", "name": "1번 주차장", "spaces": "1면", "fee": 1}
    assert Run.objects.filter(kind=Run.Kind.REPLAY).count() == 1


# What cannot be decided


def everything() -> list[object]:
    sources = Source.objects.values_list("ignored_columns", "distribution__schema")
    return [list(sources), Run.objects.count(), Change.objects.count()]


REFUSED = [
    ("a name is needed", Decision(new={"요금": Accepted()}), "new.요금", "needs a name"),
    ("a name that cannot be", Decision(new={"요금": Accepted("Fee")}), "columns.Fee", "starts with a lower-case letter"),
    ("a name of a parameter", Decision(new={"요금": Accepted("limit")}), "columns.limit", "is a query parameter"),
    ("a name that is taken", Decision(new={"요금": Accepted("name")}), "columns.name", "two columns have this name"),
    ("a type that is none", Decision(new={"요금": Accepted("fee", "money")}), "columns.fee", "unknown type 'money'"),
    ("a column that is not new", Decision(new={"면수": Accepted("n")}), "new.면수", "these did: 요금"),
    ("a column that is not missing", Decision(missing=["spaces"]), "missing.spaces", "these did: -"),
    ("a column that reads well", Decision(retyped={"spaces": ""}), "retyped.spaces", "these did: -"),
    ("a column that there is not", Decision(mapped={"space": "요금"}), "mapped.space", "these did: lot_id, name, spaces"),
    ("refusing what is declared", Decision(refused=["면수"]), "refused.면수", "these did: 요금"),
    ("accepted and mapped", Decision(new={"요금": Accepted("fee")}, mapped={"spaces": "요금"}), "mapped.spaces", "cannot both be '요금'"),
    ("mapped to a column that is another", Decision(mapped={"spaces": "이름"}), "mapped.spaces", "cannot both be '이름'"),
    ("accepted and refused", Decision(new={"요금": Accepted("fee")}, refused=["요금"]), "refused.요금", "these did: -"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("decision", "where", "words"), [line[1:] for line in REFUSED], ids=[line[0] for line in REFUSED]
)
def test_a_decision_that_makes_no_sense_changes_nothing(lots_file, decision, where, words):
    source = source_of(lots_file)
    add_fee(lots_file)
    run = held(source)
    before = everything()
    with pytest.raises(BadSetup) as refused:
        decide_drift(run, decision)
    assert refused.value.values["where"] == where
    assert words in refused.value.values["problem"].en
    assert refused.value.values["problem"].ko
    assert everything() == before


PART_OF = [
    ("key", Schema(columns=LOTS.columns, key=("spaces",)), "key"),
    (
        "time",
        Schema(columns=(*LOTS.columns[:2], Column("spaces", "date", source="면수")), time="spaces"),
        "time column",
    ),
    (
        "place",
        Schema(
            columns=(
                *LOTS.columns[:1],
                Column("name", "number", source="이름"),
                Column("spaces", "number", source="면수"),
            ),
            geometry=Geometry("name", "spaces"),
        ),
        "place",
    ),
]


@pytest.mark.parametrize(("schema", "part"), [line[1:] for line in PART_OF], ids=[line[0] for line in PART_OF])
def test_what_the_dataset_stands_on_is_not_taken_out(lots_file, schema, part):
    values = {"date": "2024-01-01", "number": 37}
    other = {column.source_name: values.get(column.type, 127) for column in schema.columns}
    change(lots_file, ("번호", "이름", "면수"), (1, other["이름"] if part != "place" else 127, other["면수"]))
    source = source_of(lots_file, schema=schema)
    change(lots_file, ("번호", "이름"), (1, 127))
    with pytest.raises(BadSetup, match=f"it is part of the dataset's {part}; map it to its new name"):
        accept(held(source), missing=["spaces"])


def test_a_column_that_something_is_expected_of_is_not_taken_out(lots_file):
    source = source_of(lots_file, expectations={"not_empty": {"name": 0.5}})
    change(lots_file, ("번호", "면수"), *[(n, n) for n in range(10)])
    with pytest.raises(BadSetup, match=r"expectations.not_empty: 'name' is no column"):
        accept(held(source), missing=["name"])
    assert "name" in columns(source)


@pytest.mark.parametrize("mode", ["append", "upsert"])
def test_where_records_are_added_the_columns_stay_but_can_be_mapped_and_refused(lots_file, mode):
    source = source_of(lots_file, mode, KEYED)
    change(lots_file, ("번호", "이름", "주차면수", "요금"), ("0011", "새 주차장", 110, 100))
    run = held(source)
    with pytest.raises(BadSetup, match=f"records were added with mode {mode}, so the columns must stay as they are"):
        accept(run, new={"요금": Accepted("fee")})
    assert "fee" not in columns(source)
    again = decide_drift(run, Decision(mapped={"spaces": "주차면수"}, refused=["요금"]))
    assert finish(again).state == State.PUBLISHED
    assert [record["spaces"] for record in records(source)] == [n * 10 for n in range(1, 12)]


def test_before_anything_is_published_columns_may_change_in_any_mode(lots_file):
    change(lots_file, ("번호", "이름"), *[(n, f"{n}번") for n in range(1, 11)])
    source = make_source(lots_file, dataset=make_dataset(schema=KEYED), mode="upsert")
    run = pull(source)
    assert (run.state, run.drift["missing"]) == (State.HELD, [{"name": "spaces", "column": "면수"}])
    assert finish(accept(run, missing=["spaces"])).state == State.PUBLISHED


def test_when_the_answers_are_gone_the_platform_is_asked_again(lots_file):
    source = source_of(lots_file)
    add_fee(lots_file)
    run = held(source)
    for entry in run.raw_answers:
        raw_store().path(entry["file"]).unlink()
    Run.objects.filter(pk=run.pk).update(raw_answers=[])
    run.refresh_from_db()
    again = accept(run, new={"요금": Accepted("fee")})
    assert again.kind == Run.Kind.PULL
    assert finish(again).state == State.PUBLISHED
    assert records(source)[0]["fee"] == 100
