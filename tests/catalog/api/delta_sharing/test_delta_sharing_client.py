"""The official client reads the hub: it lists, loads, travels in time and reads the change feed."""

import datetime as dt
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import shapely
from builders import make_dataset, make_organisation, publish_rows
from django.test import Client
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer

from catalog.models import Dataset, Snapshot, SnapshotPart
from catalog.publish import guard_dataset, withdraw_dataset
from catalog.records import Column, Geometry, Schema
from catalog.retention import forget_old_snapshots
from catalog.text import Text
from datahub.documentation import DOCS

delta_sharing = pytest.importorskip("delta_sharing", reason="delta-sharing is not installed")
fsspec = pytest.importorskip("fsspec", reason="it comes with delta-sharing")
pandas = pytest.importorskip("pandas", reason="it comes with delta-sharing")

pytestmark = [
    pytest.mark.django_db(transaction=True),
    # the client's own call of pandas 3, which still takes the argument and says that it will not for ever
    pytest.mark.filterwarnings("ignore:The copy keyword is deprecated:DeprecationWarning"),
]

LOTS = Schema(
    columns=(
        Column("lot", title=Text(ko="주차장", en="Parking lot"), required=True),
        Column("name", title=Text(ko="이름", en="Name")),
        Column("spaces", "integer", title=Text(ko="면수", en="Spaces"), unit="1"),
        Column("fee", "number"),
        Column("is_free", "boolean"),
        Column("opened_on", "date"),
        Column("seen_at", "datetime"),
        Column("shape", "geometry"),
    ),
    key=("lot",),
    geometry=Geometry(column="shape"),
    time="seen_at",
)
SHAPE = '{"type":"LineString","coordinates":[[127.1,36.8],[127.2,36.9]]}'
NAMES = ("lot", "name", "spaces", "fee", "is_free", "opened_on", "seen_at", "shape")
QUOTED = '‘따옴표’ "둘"\n줄'
FIRST = [
    dict(zip(NAMES, row, strict=True))
    for row in (
        ("a", "한빛 주차장", "10", "1.5", "아니오", "2020-01-02", "2026-08-01T09:00:00.123456+09:00", SHAPE),
        ("b", QUOTED, "", "", "", "", "", ""),
        ("c", "", "30", "0", "예", "2021-12-31", "2026-08-01T00:00:00Z", SHAPE),
    )
]
SECOND = [{"lot": "b", "name": "바뀐 이름", "spaces": "7"}, {"lot": "d", "name": "새 주차장", "spaces": "4"}]
THIRD = [{"lot": "a", "name": "한빛 주차장", "spaces": "11"}, {"lot": "d", "name": "새 주차장", "spaces": "4"}]


@pytest.fixture
def lots() -> Dataset:
    dataset = make_dataset("parking-lots", schema=LOTS)
    publish_rows(dataset, FIRST)
    return dataset


@pytest.fixture
def profile(live_server: LiveServer) -> Iterator[str]:
    """The public profile, which the client fetches by itself."""
    yield f"{live_server.url}/delta-sharing/profile.share"
    filesystem = fsspec.filesystem("http")
    if filesystem._session is not None:  # else its connections outlive the server
        filesystem.close_session(filesystem.loop, filesystem._session)
    filesystem.clear_instance_cache()


def load(profile: str, slug: str = "parking-lots", **more: Any) -> list[dict[str, Any]]:
    frame = delta_sharing.load_as_pandas(f"{profile}#hub.hanbit-city.{slug}", **more)
    return plain(frame)


def changes(profile: str, slug: str = "parking-lots", **more: Any) -> list[dict[str, Any]]:
    frame = delta_sharing.load_table_changes_as_pandas(f"{profile}#hub.hanbit-city.{slug}", **more)
    return plain(frame)


def plain(frame: Any) -> list[dict[str, Any]]:
    """Return rows with None for what is missing, whatever pandas made of it."""
    return [
        {name: None if pandas.isna(value) else value for name, value in row.items()} for row in frame.to_dict("records")
    ]


def of_the_hub(slug: str = "parking-lots") -> Sequence[Mapping[str, Any]]:
    return Client().get(f"/api/v1/datasets/{slug}/records").json()["records"]


def by_lot(rows: Sequence[Mapping[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    return sorted(tuple(row[name] for name in ("lot", *names)) for row in rows)


def test_the_client_lists_what_may_be_read(lots: Dataset, profile: str) -> None:
    make_organisation("haneul-county")
    publish_rows(make_dataset("air", organisation="haneul-county"))
    make_dataset("empty")
    for level in ("registered", "restricted", "non-public"):
        publish_rows(make_dataset(level, access_level=level, access_reason={"ko": "까닭"}))
    publish_rows(make_dataset("gone"))
    withdraw_dataset("gone")
    publish_rows(make_dataset("secret"))
    guard_dataset("secret")
    client = delta_sharing.SharingClient(profile)
    [share] = client.list_shares()
    assert [schema.name for schema in client.list_schemas(share)] == ["hanbit-city", "haneul-county"]
    assert [table.name for table in client.list_tables(client.list_schemas(share)[0])] == ["parking-lots"]
    assert sorted((t.share, t.schema, t.name) for t in client.list_all_tables()) == [
        ("hub", "hanbit-city", "parking-lots"),
        ("hub", "haneul-county", "air"),
    ]


def test_what_the_client_loads_is_what_the_hub_publishes(lots: Dataset, profile: str) -> None:
    loaded, published = load(profile), of_the_hub()
    assert len(loaded) == len(published) == 3
    for row, own in zip(loaded, published, strict=True):
        assert list(row) == list(LOTS.names)
        for name in ("lot", "name", "spaces", "fee", "is_free"):
            assert row[name] == own[name]
        assert (row["opened_on"] and row["opened_on"].isoformat()) == own["opened_on"]
        assert (row["seen_at"] and row["seen_at"].to_pydatetime()) == (
            own["seen_at"] and dt.datetime.fromisoformat(own["seen_at"])
        )
        shape = row["shape"] and json.loads(shapely.to_geojson(shapely.from_wkb(row["shape"])))
        assert shape == own["shape"]
    assert loaded[1]["name"] == QUOTED
    assert len(load(profile, limit=2)) == 2
    assert load(profile, limit=0) == []


def test_parts_without_hidden_rows_are_served_as_they_lie(lots: Dataset, profile: str, own_folders: Path) -> None:
    load(profile)
    assert not list(own_folders.glob("files/shared/*"))


def test_the_client_travels_in_time(lots: Dataset, profile: str) -> None:
    before = timezone.now()
    publish_rows(lots, SECOND, mode="upsert")
    publish_rows(lots, THIRD)
    assert by_lot(load(profile), "spaces") == [("a", 11), ("d", 4)]
    assert by_lot(load(profile, version=0), "spaces") == [("a", 10), ("b", None), ("c", 30)]
    upserted = load(profile, version=1)
    assert by_lot(upserted, "name") == [("a", "한빛 주차장"), ("b", "바뀐 이름"), ("c", None), ("d", "새 주차장")]
    assert load(profile, timestamp=before.isoformat()) == load(profile, version=0)
    url = f"{profile}#hub.hanbit-city.parking-lots"
    assert delta_sharing.get_table_version(url) == 2
    assert delta_sharing.get_table_version(url, starting_timestamp=before.isoformat()) == 1
    metadata = delta_sharing.get_table_metadata(url)
    [spaces] = [f for f in json.loads(metadata.schema_string)["fields"] if f["name"] == "spaces"]
    assert (spaces["type"], spaces["metadata"]["comment"]) == ("long", "면수 / Spaces [1]")


def test_the_client_reads_the_change_feed_with_updates_and_deletions(lots: Dataset, profile: str) -> None:
    publish_rows(lots, SECOND, mode="upsert")
    publish_rows(lots, THIRD)
    told = changes(profile, starting_version=0)
    assert sorted((row["_commit_version"], row["_change_type"], row["lot"], row["spaces"]) for row in told if row["spaces"]) == [
        (0, "insert", "a", 10),
        (0, "insert", "c", 30),
        (1, "insert", "d", 4),
        (1, "update_postimage", "b", 7),
        (2, "delete", "b", 7),
        (2, "delete", "c", 30),
        (2, "update_postimage", "a", 11),
        (2, "update_preimage", "a", 10),
    ]  # fmt: skip
    assert sum(row["_change_type"] == "update_preimage" for row in told if row["_commit_version"] == 1) == 1
    published = dict(Snapshot.objects.values_list("version", "published_at"))
    assert {row["_commit_version"]: row["_commit_timestamp"] for row in told} == {
        version: int(at.timestamp() * 1000) for version, at in published.items()
    }
    times = {"starting_timestamp": published[1].isoformat(), "ending_timestamp": published[1].isoformat()}
    for span in ({"starting_version": 1, "ending_version": 1}, times):
        assert [row for row in told if row["_commit_version"] == 1] == changes(profile, **span)


def test_the_example_of_the_documents_runs(lots: Dataset, profile: str) -> None:
    publish_rows(lots, SECOND, mode="upsert")
    section = (DOCS / "api.md").read_text(encoding="utf-8").partition("## Delta Sharing")[2].partition("\n## ")[0]
    [example] = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    names: dict[str, Any] = {}
    exec(example.replace("https://data.example.go.kr/delta-sharing/profile.share", profile), names)  # as it is pasted
    assert (len(names["lots"]), len(names["before"]), names["latest"]) == (4, 3, 1)
    assert {*names["changes"]["_change_type"]} == {"insert", "update_preimage", "update_postimage"}


def test_rows_that_stand_twice_are_counted(profile: str) -> None:
    dataset = make_dataset("twice", schema=Schema(columns=(Column("name"),)))
    publish_rows(dataset, [{"name": name} for name in ("가", "가", "가", "나")])
    publish_rows(dataset, [{"name": name} for name in ("가", "나", "나", "다")])
    told = changes(profile, "twice", starting_version=1)
    assert sorted((row["_change_type"], row["name"]) for row in told) == [
        ("delete", "가"),
        ("delete", "가"),
        ("insert", "나"),
        ("insert", "다"),
    ]


def test_other_columns_are_a_change_of_everything(profile: str) -> None:
    dataset = make_dataset("reshaped", schema=Schema(columns=(Column("name"),)))
    publish_rows(dataset, [{"name": "가"}])
    make_dataset("reshaped", schema=Schema(columns=(Column("name"), Column("size", "integer"))))
    publish_rows(dataset, [{"name": "가", "size": "1"}])
    assert [(row["_change_type"], row["size"]) for row in changes(profile, "reshaped", starting_version=1)] == [
        ("delete", None),
        ("insert", 1),
    ]


def test_snapshots_of_hiding_parts_are_read_still(lots: Dataset, profile: str) -> None:
    """As upserts were written once: a part whose keys hide the same ones before it."""
    publish_rows(lots, SECOND, mode="upsert")
    SnapshotPart.objects.filter(snapshot__version=1).update(hidden="")
    SnapshotPart.objects.filter(snapshot__version=1, position=1).update(hides=True)
    assert by_lot(load(profile), "spaces") == [("a", 10), ("b", 7), ("c", 30), ("d", 4)]
    told = changes(profile, starting_version=1)
    assert sorted((row["_change_type"], row["lot"]) for row in told) == [
        ("insert", "d"),
        ("update_postimage", "b"),
        ("update_preimage", "b"),
    ]


def test_versions_keep_their_numbers_when_older_ones_are_forgotten(lots: Dataset, profile: str) -> None:
    publish_rows(lots, SECOND, mode="upsert")
    publish_rows(lots, THIRD)
    Snapshot.objects.filter(version=0).update(replaced_at=timezone.now() - dt.timedelta(days=4000))
    assert forget_old_snapshots(timezone.now()) == 1
    url = f"{profile}#hub.hanbit-city.parking-lots"
    assert delta_sharing.get_table_version(url) == 2
    assert {row["_commit_version"] for row in changes(profile, starting_version=2)} == {2}
    publish_rows(lots, FIRST)
    assert delta_sharing.get_table_version(url) == 3
    with pytest.raises(Exception, match="보관하고 있는 버전: 1~3"):
        changes(profile, starting_version=1)
