"""Personal data in what a platform sends: held back until somebody decides, then masked, emptied or closed; told nowhere."""

import dataclasses
import logging

import pyarrow.parquet as pq
import pytest
from builders import make_dataset
from django.contrib.auth.models import User
from django.db import connection
from pulling import make_source, pull, records, write_lots

from catalog.models import Dataset, Snapshot
from catalog.publish import describe_dataset
from catalog.records import Column, Schema
from catalog.storage import record_store
from catalog.text import Text
from ingest import personal_data
from ingest.errors import BadSetup
from ingest.models import Run, Source
from ingest.pipeline import pull_run
from ingest.repetitions import replay_run
from ingest.sources import pause_source, save_source

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_pauses")]
State = Run.State
HEADER = ("번호", "이름", "비고", "접수일")
COLUMNS = (
    Column("lot_id", source="번호", required=True),
    Column("name", source="이름"),
    Column("memo", source="비고", title=Text(ko="비고", en="Remarks")),
    Column("received", "date", source="접수일"),
)
SCHEMA = Schema(columns=COLUMNS)
SECRETS = ("010-2345-6789", "900101-1234568", "34가 5678")
CLEAN = [("1", "하나", "없음", "2026-01-01"), ("2", "둘", "010 번 버스", "2026-01-02")]
LEAKING = [
    ("1", "하나", "없음", "2026-01-01"),
    ("2", "둘", f"문의 {SECRETS[0]}", "2026-01-02"),
    ("3", "셋", f"{SECRETS[1]} / {SECRETS[2]}", "2026-01-03"),
]
MASKED = ["없음", "문의 010-****-6789", "900101-******* / 34가 ****"]


@pytest.fixture
def lots_file(tmp_path, settings):
    settings.FILE_ROOTS = [tmp_path]
    return write_lots(tmp_path / "lots.csv", CLEAN, HEADER)


def source_of(path, schema: Schema = SCHEMA, *, access_level: str = "public", **options) -> Source:
    closed = {} if access_level == "public" else {"access_reason": {"ko": "개인정보 보호", "en": "Privacy"}}
    dataset = make_dataset("parking", schema=schema, access_level=access_level, **closed)
    return make_source(path, dataset=dataset, **options)


def held_run(path, **options) -> Run:
    """Publish yesterday's clean records, then pull some that hold personal data."""
    source = source_of(path, **options)
    assert pull(source).state == State.PUBLISHED
    write_lots(path, LEAKING, HEADER)
    return pull(source)


def finish(run: Run | None) -> Run:
    pull_run(run.pk)
    run.refresh_from_db()
    return run


def memos(source: Source) -> list[str | None]:
    return [record["memo"] for record in records(source)]


def everything_kept(caplog: pytest.LogCaptureFixture) -> str:
    """Return all that the hub has written down but for the refused records and raw answers: tables, parts and the log."""
    told = [record.getMessage() for record in caplog.records]
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            told += [repr(row) for row in cursor.fetchall()]
    for snapshot in Snapshot.objects.all():
        for part in snapshot.manifest.parts:
            told.append(repr(pq.read_table(record_store().path(part.digest)).to_pylist()))
    return "\n".join(told)


def test_personal_data_holds_a_run_back_and_masked_it_is_published_from_the_kept_answers(lots_file, caplog):
    caplog.set_level(logging.DEBUG)
    held = held_run(lots_file)
    source = held.source
    assert (held.state, held.error_code) == (State.HELD, "held-back")
    assert memos(source) == ["없음", "010 번 버스"]  # yesterday's
    issues = list(held.issues.filter(code="personal-data", severity="blocking").order_by("pk"))
    assert {(issue.column, issue.count) for issue in issues} == {("memo", 1)}
    told = {issue.text_ko for issue in issues}
    assert len(told) == 3
    assert (
        "'비고' 열의 값 1개에 휴대전화번호이(가) 있습니다 (예: 2번째 행, 010-****-6789). 가림(mask), 비움(drop), 제한(restrict), "
        "개인정보 아님(publish) 가운데 하나로 정할 때까지 공개하지 않습니다."
    ) in told
    assert any("(row 3, for example: 900101-*******)" in issue.text_en for issue in issues)

    replay = finish(personal_data.decide(held, {"memo": "mask"}, by="steward"))
    assert (replay.kind, replay.of_id, replay.state) == (Run.Kind.REPLAY, held.pk, State.PUBLISHED)
    assert memos(source) == MASKED
    assert not replay.issues.filter(code="personal-data").exists()
    kept = everything_kept(caplog)
    assert "010-****-6789" in kept
    assert [secret for secret in SECRETS if secret in kept] == []
    assert "steward decided on personal data of parking: {'memo': 'mask'}" in kept

    assert pull(source).state == State.UNCHANGED  # the decision holds from now on


def test_the_name_of_a_file_that_tells_of_somebody_is_told_masked_and_shown_so(lots_file, client):
    path = write_lots(lots_file.parent / f"민원_{SECRETS[1]}.csv", CLEAN, HEADER)
    run = pull(source_of(path))
    assert run.state == State.PUBLISHED
    issue = run.issues.get(code="personal-data")
    assert (issue.severity, issue.count) == ("warning", 1)
    assert "민원_900101-*******.csv" in issue.text_ko
    client.force_login(User.objects.create_superuser("steward"))
    page = client.get(f"/admin/ingest/run/{run.pk}/change/").content.decode()
    assert "민원_900101-*******.csv" in page
    assert SECRETS[1] not in page
    path.unlink()
    failed = pull(run.source)
    assert SECRETS[1] not in failed.error_ko + failed.error_en


@pytest.mark.parametrize(
    ("decision", "expected"),
    [("drop", [None, None, None]), ("publish", [memo for _, _, memo, _ in LEAKING])],
)
def test_a_column_is_emptied_or_published_as_decided(lots_file, decision, expected):
    held = held_run(lots_file)
    assert finish(personal_data.decide(held.source, {"memo": decision}, by="steward")).state == State.PUBLISHED
    assert memos(held.source) == expected


def test_a_restricted_column_is_published_only_while_the_dataset_is_closed(lots_file):
    held = held_run(lots_file)
    again = finish(personal_data.decide(held, {"memo": "restrict"}, by="steward"))
    assert again.state == State.HELD
    [issue] = again.issues.filter(code="personal-data")
    assert issue.text_ko.startswith("'비고' 열은 제한(restrict)하기로 정했지만 데이터셋의 공개 등급이 '공개'입니다.")
    assert issue.text_en.endswith("Make it restricted or non-public, or decide otherwise about this column.")
    assert memos(held.source) == ["없음", "010 번 버스"]

    Dataset.objects.update(access_level="restricted")
    assert finish(replay_run(again)).state == State.PUBLISHED
    assert memos(held.source) == [memo for _, _, memo, _ in LEAKING]


def test_what_only_has_the_form_of_an_account_is_published_with_a_warning(lots_file):
    source = source_of(lots_file)
    write_lots(lots_file, [("1", "하나", "110-123-456789", "2026-01-01")], HEADER)
    run = pull(source)
    assert run.state == State.PUBLISHED
    [issue] = run.issues.all()
    assert (issue.code, issue.severity, issue.count) == ("personal-data", "warning", 1)
    assert "110-***-******" in issue.text_ko
    assert "look whether it is personal data" in issue.text_en


def test_a_name_beside_a_birthday_is_masked_whole(lots_file):
    schema = Schema(columns=(*COLUMNS[:1], Column("name", source="성명"), Column("born", "date", source="생년월일")))
    write_lots(lots_file, [("1", "홍길동", "1990-01-01")], ("번호", "성명", "생년월일"))
    held = pull(source_of(lots_file, schema))
    [issue] = held.issues.all()
    assert (held.state, issue.column) == (State.HELD, "name")
    assert "성명과 생년월일" in issue.text_ko
    assert finish(personal_data.decide(held, {"name": "mask"}, by="steward")).state == State.PUBLISHED
    assert [record["name"] for record in records(held.source)] == ["***"]


@pytest.mark.parametrize(
    ("declared", "state"), [("contact", State.HELD), ("unknown-class", State.HELD), ("office", State.PUBLISHED), ("none", State.PUBLISHED)]
)  # fmt: skip
def test_a_column_that_is_described_as_personal_needs_a_decision(lots_file, declared, state):
    schema = Schema(columns=(*COLUMNS[:1], Column("memo", source="비고", personal_data=declared), *COLUMNS[3:]))
    source = source_of(lots_file, schema, ignored_columns=["이름"])
    run = pull(source)
    assert run.state == state
    if state == State.HELD:
        [issue] = run.issues.all()
        assert (issue.code, issue.column, issue.count) == ("personal-data", "memo", 2)
        assert finish(personal_data.decide(run, {"memo": "mask"}, by="steward")).state == State.PUBLISHED
        assert memos(source) == ["***", "***"]


def test_no_value_is_told_by_the_sentences_of_other_checks_nor_by_the_changes_of_columns(lots_file, caplog):
    caplog.set_level(logging.DEBUG)
    schema = Schema(
        columns=(*COLUMNS[:2], Column("memo", source="비고", enum=("없음",), personal_data="contact"), COLUMNS[3])
    )
    source = source_of(lots_file, schema, expectations={"max_rejected_share": 1.0})
    write_lots(lots_file, CLEAN[:1], HEADER)
    pull(source)
    personal_data.decide(source, {"memo": "mask"}, by="steward")
    rows = [
        ("1", "하나", "없음", "2026-01-01", "x"),
        *((str(n), SECRETS[2], "홍길순", SECRETS[1], SECRETS[0]) for n in range(9)),
    ]
    write_lots(lots_file, rows, (*HEADER, "새 열"))
    run = pull(source)
    kept = everything_kept(caplog)
    assert run.rejected == 9
    assert "900101-*******" in kept  # the date that could not be read
    assert [secret for secret in (*SECRETS, "홍길순") if secret in kept] == []


PHONE, RECEIVED = Column("phone", source="이름"), Column("received", "date", source="접수일")
CONTACT, COUNT = dataclasses.replace(PHONE, personal_data="contact"), Column("memo", "integer", source="비고")
BORN, AGE = (dataclasses.replace(column, personal_data="contact") for column in (RECEIVED, COUNT))
# columns, options of the source, the code of what is told, the values of one row again and again
TOLD = [
    ("declared", (CONTACT, AGE, RECEIVED), {}, "retyped-column", ("길순", "홍길순", "2026-01-01")),
    ("decided", (PHONE, COUNT, RECEIVED), {"personal_data": {"memo": "drop"}}, "retyped-column", ("길순", "홍길순", "2026-01-01")),
    ("unlisted", (CONTACT, COUNT, RECEIVED), {"expectations": {"values": {"phone": ["x"]}}}, "unlisted-value", ("홍길순", "1", "2026-01-01")),
    ("repeated", (CONTACT, COUNT, RECEIVED), {"expectations": {"unique": [["phone"]]}}, "not-unique", ("홍길순", "1", "2026-01-01")),
    ("out of range", (CONTACT, AGE, RECEIVED), {"expectations": {"ranges": {"memo": {"maximum": 9}}}}, "out-of-range", ("길순", "8714", "2026-01-01")),
    ("old", (CONTACT, COUNT, BORN), {"expectations": {"max_age": "1d", "age_of": "received"}}, "stale", ("길순", "1", "1987-03-14")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("columns", "options", "code", "values"), [row[1:] for row in TOLD], ids=[row[0] for row in TOLD]
)
def test_no_check_tells_a_value_of_a_column_that_is_declared_or_decided_personal(
    lots_file, caplog, columns, options, code, values
):
    caplog.set_level(logging.DEBUG)
    source = source_of(lots_file, Schema(columns=(COLUMNS[0], *columns)), **options)
    write_lots(lots_file, [(str(number), *values) for number in range(9)], HEADER)
    run = pull(source)
    assert run.state == State.HELD
    assert "***" in run.issues.get(code=code).text_ko
    kept = everything_kept(caplog)
    assert [value for value in ("홍길순", "8714", "1987-03-14") if value in kept] == []


def test_repeated_keys_of_a_personal_column_are_not_told(lots_file, caplog):
    caplog.set_level(logging.DEBUG)
    columns = (COLUMNS[0], dataclasses.replace(PHONE, personal_data="contact"), *COLUMNS[2:])
    source = source_of(lots_file, Schema(columns=columns, key=("lot_id", "phone")))
    write_lots(lots_file, [("1", "홍길순", "없음", "2026-01-01")] * 2, HEADER)
    run = pull(source)
    assert "***" in run.issues.get(code="duplicate-key").text_ko
    assert "홍길순" not in everything_kept(caplog)


# What may be decided

KEYED = Schema(columns=COLUMNS, key=("name",))
WRONG = [
    ("unknown decision", SCHEMA, {"memo": "hide"}, "personal_data.memo: unknown decision 'hide'; allowed: mask, drop"),
    ("unknown column", SCHEMA, {"note": "mask"}, "personal_data.note: the dataset has no column 'note'; it has: lot_id, name"),
    ("required", SCHEMA, {"lot_id": "drop"}, "personal_data.lot_id: a required column cannot be dropped"),
    ("key dropped", KEYED, {"name": "drop"}, "personal_data.name: a column of the key cannot be masked or dropped"),
    ("key masked", KEYED, {"name": "mask"}, "personal_data.name: a column of the key cannot be masked or dropped"),
    ("no text", SCHEMA, {"received": "mask"}, "personal_data.received: only a column of text can be masked, this one is date"),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "decisions", "sentence"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_a_decision_that_means_nothing_is_refused_and_changes_nothing(lots_file, schema, decisions, sentence):
    source = source_of(lots_file, schema)
    with pytest.raises(BadSetup) as refused:
        personal_data.decide(source, {"memo": "drop"} | decisions, by="steward")
    assert str(refused.value).startswith(sentence)
    assert refused.value.text.ko != refused.value.text.en
    with pytest.raises(BadSetup):
        make_source(lots_file, dataset=source.distribution.dataset, personal_data=decisions)
    source.refresh_from_db()
    assert source.personal_data == {}


def test_a_decision_about_a_column_that_is_gone_fails_the_run_before_the_platform_is_asked(lots_file):
    source = source_of(lots_file, personal_data={"memo": "mask"})
    dataset = source.distribution.dataset
    renamed = Schema(columns=tuple(column for column in COLUMNS if column.name != "memo"))
    describe_dataset("parking", description_of(dataset), renamed)
    run = pull(source)
    assert (run.state, run.error_code, run.pages) == (State.FAILED, "bad-setup", 0)


def description_of(dataset: Dataset) -> dict:
    return {
        "title": {"ko": dataset.title_ko},
        "description": {"ko": dataset.description_ko},
        "organisation": dataset.organisation.slug,
        "theme": dataset.theme,
        "licence": dataset.licence,
        "access_level": dataset.access_level,
    }


def test_decisions_add_up_and_can_be_taken_back(lots_file):
    source = source_of(lots_file, personal_data={"memo": "mask"})
    assert personal_data.decide(source, {"name": "publish"}, by="steward") is None  # nothing is held
    source.refresh_from_db()
    assert source.personal_data == {"memo": "mask", "name": "publish"}
    personal_data.decide(source, {"memo": ""}, by="steward")
    source.refresh_from_db()
    assert source.personal_data == {"name": "publish"}


def test_declaring_a_source_again_keeps_what_was_decided_unless_it_decides_itself(lots_file):
    source = source_of(lots_file)
    personal_data.decide(source, {"memo": "mask"}, by="steward")
    declared = {"connector": "file", "config": {"path": str(lots_file)}, "expectations": {"min_rows": 1}}
    save_source("parking", source.distribution, **declared)
    assert Source.objects.get().personal_data == {"memo": "mask"}
    save_source("parking", source.distribution, **declared, personal_data={})
    assert Source.objects.get().personal_data == {}


def test_asking_twice_reads_once(lots_file):
    held = held_run(lots_file)
    first = personal_data.decide(held, {"memo": "mask"}, by="steward")
    assert personal_data.decide(held, {"memo": "drop"}, by="steward") == first
    finish(first)
    assert memos(held.source) == [None, None, None]


def test_a_later_decision_does_not_add_the_records_again(lots_file):
    held = held_run(lots_file, mode="append")
    first = personal_data.decide(held, {"memo": "publish"}, by="steward")
    assert finish(first).state == State.PUBLISHED
    before = memos(held.source)
    assert personal_data.decide(held, {"memo": "mask"}, by="steward") is None
    assert (memos(held.source), Run.objects.filter(state=State.WAITING).exists()) == (before, False)


def test_a_run_at_work_will_do_when_nothing_else_has_been_decided_since(lots_file):
    held = held_run(lots_file)
    first = personal_data.decide(held, {"memo": "mask"}, by="steward")
    Run.objects.filter(pk=first.pk).update(state=State.RUNNING)
    assert personal_data.decide(held, {"memo": "mask"}, by="steward") == first
    second = personal_data.decide(held, {"memo": "drop"}, by="steward")
    assert second != first
    assert personal_data.decide(held, {"memo": "drop"}, by="steward") == second


def test_what_is_no_longer_kept_is_pulled_anew_unless_the_source_is_paused(lots_file):
    held = held_run(lots_file)
    Run.objects.update(raw_answers=[])
    pause_source(held.source, "점검")
    assert personal_data.decide(held, {"memo": "drop"}, by="steward") is None
    Source.objects.update(paused_at=None, paused_because="")
    anew = finish(personal_data.decide(held, {"memo": "mask"}, by="steward"))
    assert (anew.kind, anew.state) == (Run.Kind.PULL, State.PUBLISHED)
    assert memos(held.source) == MASKED


@pytest.mark.parametrize("mode", ["append", "upsert"])
def test_masks_hold_in_every_load_mode(lots_file, mode):
    schema = Schema(columns=COLUMNS, key=("lot_id",))
    held = held_run(lots_file, schema=schema, mode=mode)
    assert held.state == State.HELD
    finish(personal_data.decide(held, {"memo": "mask"}, by="steward"))
    assert set(MASKED) <= set(memos(held.source))
    assert not {memo for _, _, memo, _ in LEAKING[1:]} & set(memos(held.source))
