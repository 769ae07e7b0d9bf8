"""Shapefiles beside each other and in a ZIP: encodings, coordinate systems, and sets that are not whole."""

import struct

import orjson
import pyproj
import pytest
import shapely
from zipped_files import zip_of

from ingest.connectors.file import Config, read
from ingest.errors import BadSetup, BrokenOff, ForbiddenAddress, SourceError, UnreadableAnswer

BESSEL_PRJ = (
    'PROJCS["Bessel_1841_Transverse_Mercator",GEOGCS["GCS_Bessel_1841",DATUM["D_Bessel_1841",'
    'SPHEROID["Bessel_1841",6377397.155,299.1528128]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],'
    'PROJECTION["Transverse_Mercator"],PARAMETER["False_Easting",200000.0],PARAMETER["False_Northing",500000.0],'
    'PARAMETER["Central_Meridian",{meridian}],PARAMETER["Scale_Factor",1.0],PARAMETER["Latitude_Of_Origin",38.0],'
    'UNIT["Meter",1.0]]'
)
WGS84_PRJ = pyproj.CRS("EPSG:4326").to_wkt("WKT1_ESRI")
NAMES = ("종로구", "강남구")


def shapefile(
    points=((127.0, 37.5), (127.1, 37.6)), names=NAMES, encoding="cp949", prj=WGS84_PRJ, cpg=None, field="이름"
):
    """Return the parts of a shapefile of points with one text of 8 bytes and one number."""
    shp = b"".join(
        struct.pack(">II", number, 10) + struct.pack("<Idd", 1, *point) for number, point in enumerate(points, 1)
    )
    shx = b"".join(struct.pack(">II", (100 + 28 * at) // 2, 10) for at in range(len(points)))
    xs, ys = zip(*points, strict=True) if points else ((0.0,), (0.0,))
    box = struct.pack("<8d", min(xs), min(ys), max(xs), max(ys), 0, 0, 0, 0)

    def head(body):
        return struct.pack(">7I", 9994, 0, 0, 0, 0, 0, (100 + len(body)) // 2) + struct.pack("<II", 1000, 1) + box

    fields = b"".join(
        name.ljust(11, b"\0") + kind + bytes(4) + bytes([width, 0]) + bytes(14)
        for name, kind, width in ((field.encode(encoding), b"C", 8), (b"N", b"N", 4))
    )
    rows = b"".join(b" " + name.encode(encoding)[:8].ljust(8) + b"%4d" % at for at, name in enumerate(names, 1))
    dbf = struct.pack("<4BIHH", 3, 124, 1, 1, len(names), 32 + len(fields) + 1, 13) + bytes(20) + fields + b"\r" + rows
    parts = {".shp": head(shp) + shp, ".shx": head(shx) + shx, ".dbf": dbf + b"\x1a"}
    return parts | ({".prj": prj.encode()} if prj else {}) | ({".cpg": cpg.encode()} if cpg else {})


def packed(parts, stem="구역/행정구"):
    return zip_of(*((stem + suffix, content) for suffix, content in parts.items()))


EXPECTED = [
    {"이름": "종로구", "N": 1, "geometry": {"type": "Point", "coordinates": [127.0, 37.5]}},
    {"이름": "강남구", "N": 2, "geometry": {"type": "Point", "coordinates": [127.1, 37.6]}},
]


def test_the_parts_are_found_beside_each_other(open_session, tmp_path):
    for suffix, content in shapefile(cpg="EUC-KR").items():
        (tmp_path / f"행정구{suffix}").write_bytes(content)
    assert list(read(Config(path="행정구.shp"), open_session(file_roots=[tmp_path]))) == EXPECTED


def test_the_parts_are_found_in_a_zip_by_name_by_pattern_and_in_any_case(read_bytes):
    parts = shapefile()
    assert read_bytes(packed(parts), "a.zip") == EXPECTED
    assert read_bytes(packed(parts), "a.zip", member="행정구.*") == EXPECTED
    assert read_bytes(packed({suffix.upper(): content for suffix, content in parts.items()}), "a.zip") == EXPECTED


@pytest.mark.parametrize(
    ("encoding", "cpg", "config"),
    [
        ("cp949", None, {}),
        ("cp949", "949", {}),
        ("cp949", "UTF-8", {"encoding": "cp949"}),
        ("utf-8", None, {}),
        ("utf-8", "65001", {}),
    ],
)
def test_attributes_are_decoded_by_config_or_code_page_or_proof(read_bytes, encoding, cpg, config):
    rows = read_bytes(packed(shapefile(names=("종로", "강남"), encoding=encoding, cpg=cpg)), "a.zip", **config)
    assert [row["이름"] for row in rows] == ["종로", "강남"]


@pytest.mark.parametrize("encoding", ["utf-8", "cp949"])
def test_a_text_that_fills_its_field_loses_the_half_character_that_dbase_left(read_bytes, encoding):
    rows = read_bytes(packed(shapefile(names=("a종로구청", "b"), encoding=encoding)), "a.zip")
    assert [row["이름"] for row in rows] == ["a종로" if encoding == "utf-8" else "a종로구", "b"]


def test_a_code_page_that_lies_is_told(read_bytes):
    with pytest.raises(UnreadableAnswer, match=r"not UTF-8.*encoding"):
        read_bytes(packed(shapefile(cpg="UTF-8")), "a.zip")
    with pytest.raises(UnreadableAnswer, match="'klingon'"):
        read_bytes(packed(shapefile(cpg="klingon")), "a.zip")


# The true place of a survey point in each system: the shift of the datum is 360 m in the Bessel ones.
SEOUL = (126.978, 37.5665)
SYSTEMS = {
    "central origin of 1985, mended": (BESSEL_PRJ.format(meridian=127.0028902777778), "EPSG:5174"),
    "central origin of 1985": (BESSEL_PRJ.format(meridian=127.0), "EPSG:2097"),
    "central belt of 2010": (pyproj.CRS("EPSG:5186").to_wkt("WKT1_ESRI"), "EPSG:5186"),
    "unified": (pyproj.CRS("EPSG:5179").to_wkt("WKT1_ESRI"), "EPSG:5179"),
}


@pytest.mark.parametrize(("prj", "system"), SYSTEMS.values(), ids=SYSTEMS)
@pytest.mark.parametrize("is_told_by", ["prj", "config"])
def test_places_come_out_in_wgs_84_with_the_datum_shifted(read_bytes, prj, system, is_told_by):
    point = pyproj.Transformer.from_crs("EPSG:4326", system, always_xy=True).transform(*SEOUL)
    config = {"crs": system} if is_told_by == "config" else {}
    (row,) = read_bytes(packed(shapefile([point], ["a"], prj=None if config else prj)), "a.zip", **config)
    assert row["geometry"]["coordinates"] == pytest.approx(SEOUL, abs=1e-7)


@pytest.mark.parametrize(
    ("prj", "config", "words"),
    [
        (None, {}, "coordinate system; give it in crs"),
        (BESSEL_PRJ.format(meridian=126.5), {}, "datum.*unknown"),
        ("nonsense", {}, "crs"),
        (WGS84_PRJ, {"crs": "EPSG:999999"}, "EPSG:999999"),
    ],
)
def test_an_unknown_coordinate_system_is_asked_for_and_never_guessed(read_bytes, prj, config, words):
    with pytest.raises(BadSetup, match=words):
        read_bytes(packed(shapefile(prj=prj)), "a.zip", **config)


def changed(**parts):
    whole = shapefile()
    for name, change in parts.items():
        whole[f".{name}"] = change(whole[f".{name}"])
    return whole


def without(suffix):
    return {name: content for name, content in shapefile().items() if name != suffix}


BAD = {
    "no dbf": (without(".dbf"), UnreadableAnswer, r"\.dbf file.*missing"),
    "no shx": (without(".shx"), UnreadableAnswer, r"\.shx file.*missing"),
    "shp cut": (changed(shp=lambda content: content[:-9]), BrokenOff, r"\.shp"),
    "shx cut": (changed(shx=lambda content: content[:-9]), BrokenOff, r"\.shx"),
    "dbf cut": (changed(dbf=lambda content: content[:-9]), BrokenOff, r"\.dbf"),
    "dbf of another file": (
        changed(dbf=lambda content: content[:4] + b"\x01" + content[5:]),
        UnreadableAnswer,
        "belong",
    ),
    "not a shapefile": (changed(shp=lambda content: b"name,value\n"), UnreadableAnswer, "no shapefile"),
    "a field called geometry": (shapefile(field="geometry"), UnreadableAnswer, "called 'geometry'"),
}


@pytest.mark.parametrize(("parts", "error", "words"), BAD.values(), ids=BAD)
def test_a_set_that_is_not_whole_is_refused(read_bytes, parts, error, words):
    with pytest.raises(error, match=words):
        read_bytes(packed(parts), "a.zip")


def test_a_shapefile_without_shapes_has_no_rows(read_bytes):
    assert read_bytes(packed(shapefile((), ())), "a.zip") == []


def test_a_part_outside_the_file_roots_is_not_followed(open_session, tmp_path):
    roots = tmp_path / "roots"
    roots.mkdir()
    for suffix, content in shapefile().items():
        (roots / f"a{suffix}").write_bytes(content)
    (tmp_path / "secret").write_bytes(b"x")
    (roots / "a.prj").unlink()
    (roots / "a.prj").symlink_to(tmp_path / "secret")
    with pytest.raises(ForbiddenAddress):
        list(read(Config(path="a.shp"), open_session(file_roots=[roots])))


@pytest.mark.parametrize("part", [".shp", ".shx", ".dbf"])
def test_a_shapefile_spoilt_anywhere_is_read_or_refused_but_never_crashes(read_bytes, part):
    whole = shapefile()
    for place in range(0, len(whole[part]), 29):
        spoilt = bytearray(whole[part])
        spoilt[place] ^= 0xFF
        try:
            assert read_bytes(packed(whole | {part: bytes(spoilt)}), "a.zip") is not None
        except (SourceError, BadSetup):
            continue


def test_the_real_districts_lie_where_the_ministry_says(open_session, real_files):
    session = open_session(file_roots=[real_files], limits={"size": 2**24})
    rows = list(read(Config(path="seoul_gu_2013_epsg5174.shp"), session))
    assert len(rows) == 25
    assert rows[0]["name"] == "강동구"
    shapes = shapely.from_geojson([orjson.dumps(row["geometry"]) for row in rows])
    assert shapely.total_bounds(shapes) == pytest.approx((126.7646, 37.4283, 127.1831, 37.7013), abs=5e-4)


def test_the_real_districts_published_without_the_shift_are_read_as_they_say(open_session, real_files):
    session = open_session(file_roots=[real_files], limits={"size": 2**24})
    rows = list(read(Config(path="seoul_gu_2013_wgs84.shp"), session))
    assert (len(rows), rows[0]["name"]) == (25, "강동구")
    shapes = shapely.from_geojson([orjson.dumps(row["geometry"]) for row in rows])
    assert shapely.total_bounds(shapes)[0] == pytest.approx(126.76636, abs=1e-5)
