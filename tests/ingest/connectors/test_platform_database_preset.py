"""The older way to an integrated platform: its events polled from its database, PostgreSQL and MariaDB, by the preset."""

import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from database_servers import PASSWORD, Server, make_certificate, mariadb, postgresql
from pulling import pull, records

from catalog.models import Dataset
from ingest.apply import apply_hub_file
from ingest.connectors.presets import preset_names, preset_title
from ingest.connectors.sql import Config
from ingest.hub_file import read_hub_file
from ingest.models import Run, Source

SERVERS = {"postgresql": postgresql, "mariadb": mariadb}
DOCS = Path(__file__).parents[3] / "docs" / "connectors.md"
ORGANISATION = '[[organisations]]\nslug = "hanbit-city"\nname = { ko = "한빛시" }\n\n'
TABLE = """
CREATE TABLE event_list (
  evt_id varchar(8), evt_ocr_no varchar(20), evt_grad_cd varchar(2), evt_prgrs_cd varchar(2), evt_dtl varchar(200),
  evt_ocr_ymd_hms varchar(14), evt_end_ymd_hms varchar(14), evt_place varchar(100), point_x decimal(12,7), point_y decimal(12,7)
)
"""
NOW = dt.datetime.now(dt.timezone(dt.timedelta(hours=9))).replace(microsecond=0)


def ago(**span: int) -> str:
    return f"{NOW - dt.timedelta(**span):%Y%m%d%H%M%S}"


def event(kind: str, number: int, occurred: str, *, status: str = "10", grade: str = "10", ended: str = "''") -> str:
    place = f"'한빛시 중앙로 {number}', 127.1{number}, 36.8"
    return f"INSERT INTO event_list VALUES ('{kind}', '{number}', '{grade}', '{status}', '신고 {number}', '{occurred}', {ended}, {place})"


@pytest.fixture(scope="module", params=SERVERS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp(request.param)
    make_certificate(folder)
    with SERVERS[request.param](folder) as server:
        server.administer(TABLE, "GRANT SELECT ON event_list TO reader" if request.param == "postgresql" else "DO 0")
        yield server


@pytest.fixture
def source(db: None, own_folders: Path, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Source:
    """Apply the example of the documents to this database."""
    server.administer("DELETE FROM event_list")
    monkeypatch.setenv("PLATFORM_DB_PASSWORD", PASSWORD)
    blocks = re.findall(r"```toml\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    [example] = [block for block in blocks if 'preset = "platform-events"' in block]
    example = example.replace('url = "postgresql://reader@10.20.0.5/ucity"', f'url = "{server.url()}"\ntls = "none"')
    path = tmp_path / "hub.toml"
    path.write_text(ORGANISATION + example, encoding="utf-8")
    apply_hub_file(read_hub_file(path))
    return Source.objects.select_related("distribution__dataset").get(slug="platform-events-db")


def seen(source: Source) -> dict[str, tuple[object, ...]]:
    return {row["content"]: (row["status"], row["status_name"], row["grade_name"]) for row in records(source)}


def test_changes_of_events_are_pulled_bit_by_bit_to_their_last_state(source: Source, server: Server) -> None:
    server.administer(
        event("112UC120", 1, ago(hours=5)),
        event("112UC120", 2, ago(days=9)),  # began long before the overlap, and goes on
        event("TUATR100", 3, ago(days=9, hours=1), status="91", grade="20", ended=f"'{ago(days=9)}'"),
        event("DUCDP110", 4, ago(hours=4), grade="77", status="55", ended="NULL"),
    )
    run = pull(source)
    assert (run.state, run.accepted, run.error_en) == (Run.State.PUBLISHED, 4, "")
    assert seen(source) == {
        "신고 1": ("10", "발생", "긴급"),
        "신고 2": ("10", "발생", "긴급"),
        "신고 3": ("91", "종료", "일반"),
        "신고 4": ("55", "55", "77"),  # unknown codes are not lost
    }

    server.administer(
        "UPDATE event_list SET evt_prgrs_cd = '40' WHERE evt_ocr_no = '1'", event("119UC001", 5, ago(hours=1))
    )
    source.refresh_from_db()
    assert source.position["reached"]
    run = pull(source)
    assert (run.state, run.rows) == (Run.State.PUBLISHED, 3)  # what is older than the overlap is not asked for
    assert seen(source)["신고 1"] == ("40", "정보변경", "긴급")

    server.administer(
        f"UPDATE event_list SET evt_prgrs_cd = '91', evt_end_ymd_hms = '{ago(minutes=2)}' WHERE evt_ocr_no IN ('1', '2')"
    )
    source.refresh_from_db()
    assert pull(source).state == Run.State.PUBLISHED
    told = seen(source)
    assert len(told) == 5
    assert told["신고 1"] == told["신고 2"] == ("91", "종료", "긴급")
    assert told["신고 5"] == ("10", "발생", "긴급")
    [first] = [row for row in records(source) if row["content"] == "신고 1"]
    assert (first["longitude"], first["latitude"]) == (127.11, 36.8)
    ends = [NOW - dt.timedelta(hours=5), NOW - dt.timedelta(minutes=2)]
    assert [first["occurred_at"], first["ended_at"]] == [moment.isoformat() for moment in ends]


def test_the_dataset_of_the_example_is_guarded(source: Source) -> None:
    assert Dataset.objects.get(slug="platform-events").is_guarded


def test_events_of_one_second_are_told_apart_by_their_number_where_the_table_has_one(
    source: Source, server: Server
) -> None:
    moment = ago(hours=1)
    server.administer(event("112UC120", 1, moment), event("112UC120", 2, moment))
    Source.objects.update(config=source.config | {"values": {"table": "event_list", "occurrence": "evt_ocr_no"}})
    source.refresh_from_db()
    pull(source)
    assert len(seen(source)) == 2


GIVEN = {"preset": "platform-events", "url": "postgresql://reader@db.example/ucity", "password": "p"}


@pytest.mark.parametrize("table", ["event_list", "ucity.event_list", "이벤트"])
def test_the_name_of_the_table_is_put_into_the_query(table: str) -> None:
    assert Config(**GIVEN, values={"table": table}).filled_query.rstrip().endswith(f"FROM {table}")


MISTAKES = {
    "no table": ({}, "values.table must say"),
    "more than a name": ({"values": {"table": "a; DROP TABLE b"}}, "name of a table"),
    "a query": ({"values": {"table": "(SELECT 1) x"}}, "name of a table"),
    "a preset of another connector": ({"preset": "airkorea", "query": "SELECT 1"}, "unknown preset 'airkorea'"),
}


@pytest.mark.parametrize(("change", "words"), MISTAKES.values(), ids=MISTAKES)
def test_what_does_not_fit_the_preset_is_told(change: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Config(**GIVEN | change)


def test_braces_of_a_query_of_ones_own_stay() -> None:
    query = "SELECT '{a}' AS pattern, {name} AS id FROM {other_thing}"
    config = Config(url=GIVEN["url"], password="p", query=query, values={"name": "no"})
    assert config.filled_query == "SELECT '{a}' AS pattern, no AS id FROM {other_thing}"


def test_the_preset_is_one_of_databases_alone() -> None:
    assert preset_names("sql") == ("platform-events",)
    assert "platform-events" not in preset_names()
    assert "통합플랫폼" in preset_title("platform-events").ko
