"""The connector of GTFS feeds: one table of a ZIP, its columns checked, its places and lines."""

import io
import zipfile

import pytest
from hostile_server import HTML_LOGIN, HostileServer, cut_without_length, reply
from pydantic import ValidationError

from ingest.connectors import CONNECTORS, DelimitedFile, MalformedRow
from ingest.connectors.gtfs import Config, hand_over, read
from ingest.errors import BrokenOff, SourceError, UnreadableAnswer

FEED = {
    "stops.txt": "\ufeffstop_id,stop_name,stop_lat,stop_lon\nS1,시청,37.5665,126.9780\nS2,환승 통로,,\nS3,서울역,37.55,동쪽\n",
    "stop_times.txt": "trip_id,arrival_time,departure_time,stop_id,stop_sequence\r\n"
    "T1,23:58:00,23:58:30,S1,1\r\nT1,24:03:00,25:10:05,S2,2\r\n",
    "routes.txt": "route_id,route_short_name,route_type\n",
    "shapes.txt": "shape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence\n"
    "A,37.2,127.2,20\nB,36,128,1\nA,37.1,127.1,3\nA,37.3,127.3,100\n",
    "agency.txt": "agency_id,agency_name,agency_timezone\n1,가,Asia/Seoul\n",
}


def feed(folder="", **tables):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as writer:
        for name, text in {**FEED, **{f"{name}.txt": text for name, text in tables.items()}}.items():
            writer.writestr(folder + name, text)
    return content.getvalue()


@pytest.fixture
def read_feed(open_session, tmp_path):
    def read_one(table, content=None, how=read, **config):
        (tmp_path / "feed.zip").write_bytes(content or feed())
        session = open_session(file_roots=[tmp_path])
        return list(how(Config(path="feed.zip", table=table, **config), session))

    return read_one


def test_a_table_of_a_feed_is_read_from_an_address(open_session):
    with HostileServer({"/": reply(200, feed(), Content_Type="application/zip")}) as platform:
        rows = list(read(Config(path=platform.url("/gtfs.zip"), table="stop_times"), open_session()))
    assert [row["stop_sequence"] for row in rows] == ["1", "2"]


def test_times_beyond_midnight_stay_the_text_they_are(read_feed):
    assert read_feed("stop_times")[1] == {
        "trip_id": "T1",
        "arrival_time": "24:03:00",
        "departure_time": "25:10:05",
        "stop_id": "S2",
        "stop_sequence": "2",
    }


def test_a_stop_has_its_point_or_none_or_what_cannot_be_one(read_feed):
    points = [row["geometry"] for row in read_feed("stops")]
    assert points == [{"type": "Point", "coordinates": [126.978, 37.5665]}, None, "동쪽 37.55"]
    assert [row["stop_id"] for row in read_feed("stops", points=False)] == ["S1", "S2", "S3"]
    assert "geometry" not in read_feed("stops", points=False)[0]


def test_the_points_of_a_shape_become_one_line_in_their_sequence(read_feed):
    line = {"type": "LineString", "coordinates": [[127.1, 37.1], [127.2, 37.2], [127.3, 37.3]]}
    assert read_feed("shapes", lines=True) == [
        {"shape_id": "A", "points": 3, "geometry": line},
        {"shape_id": "B", "points": 1, "geometry": None},
    ]
    assert len(read_feed("shapes")) == 4


def test_a_row_of_too_few_fields_is_handed_on_beside_the_lines(read_feed):
    rows = read_feed("shapes", feed(shapes=FEED["shapes.txt"] + "A,1\n"), lines=True)
    assert isinstance(rows[0], MalformedRow)
    assert len(rows) == 3


def test_an_empty_table_is_no_error(read_feed):
    assert read_feed("routes") == []


def test_a_feed_in_a_folder_and_in_capitals_is_borne(read_feed):
    content = feed("korea/").replace(b"routes.txt", b"Routes.TXT")
    assert read_feed("routes", content) == []
    assert len(read_feed("stops", content)) == 3


def test_a_table_without_geometry_is_handed_over_whole(read_feed):
    (table,) = read_feed("stop_times", how=hand_over)
    assert isinstance(table, DelimitedFile)
    assert table.names[1] == "arrival_time"
    assert read_feed("stops", how=hand_over) == read_feed("stops")


BROKEN = {
    "a table that is not there": ("levels", None, "no levels.txt.*stops.txt"),
    "a column that is not there": ("agency", None, "agency_url.*agency_id, agency_name"),
    "an empty file": ("routes", feed(routes=""), "header"),
    "no zip": ("stops", FEED["stops.txt"].encode(), "no GTFS"),
    "a point that is none": ("shapes", feed(shapes=FEED["shapes.txt"] + "A,x,127,9\n"), "point 5"),
    "a number that is infinite": ("shapes", feed(shapes=FEED["shapes.txt"] + "A,inf,127,9\n"), "point 5"),
    "two points in one place": ("shapes", feed(shapes=FEED["shapes.txt"] + "A,37,127,20\n"), "number 20"),
}


@pytest.mark.parametrize(("table", "content", "words"), BROKEN.values(), ids=BROKEN)
def test_a_broken_feed_is_refused_with_what_is_there(read_feed, table, content, words):
    with pytest.raises(SourceError, match=words):
        read_feed(table, content, lines=table == "shapes")


def test_two_files_of_one_name_are_refused(read_feed, tmp_path):
    content = io.BytesIO(feed())
    with zipfile.ZipFile(content, "a") as writer:
        writer.writestr("old/stops.txt", FEED["stops.txt"])
    with pytest.raises(UnreadableAnswer, match=r"stops.txt, old/stops.txt"):
        read_feed("stops", content.getvalue())


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [(reply(200, HTML_LOGIN), UnreadableAnswer), (cut_without_length(feed(), len(feed()) - 30), BrokenOff)],
    ids=["a login page", "cut"],
)
def test_what_is_no_whole_feed_is_never_taken_for_one(open_session, behaviour, error):
    with HostileServer({"/": behaviour}) as platform, pytest.raises(error):
        list(read(Config(path=platform.url("/gtfs.zip"), table="stops"), open_session(limits={"attempts": 1})))


@pytest.mark.parametrize("config", [{"table": "stop"}, {"table": "stops", "path": ""}, {"table": "stops", "x": 1}])
def test_a_configuration_that_means_no_table_is_refused(config):
    with pytest.raises(ValidationError):
        Config(**{"path": "a.zip", **config})


def test_the_name_of_the_file_is_understood_as_its_table():
    assert Config(path="a.zip", table="stop_times.txt").table == "stop_times"


def test_the_hub_knows_the_connector():
    assert CONNECTORS["gtfs"].config is Config
