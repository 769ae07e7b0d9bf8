"""Places that are wrong are refused, or mended by rule: put right when latitude and longitude were swapped, else emptied."""

import json
from typing import Any

import pytest
import shapely
from record_rooms import refused_lines

from catalog.records import KOREA, Area, Column, Geometry, Outline, Schema, tabulate

POINTS = Schema(
    columns=(Column("x", "number"), Column("y", "number"), Column("n", "integer")),
    geometry=Geometry(longitude="x", latitude="y"),
)
SHAPES = Schema(columns=(Column("shape", "geometry"),), geometry=Geometry(column="shape"))
TOWN = Outline(shapely.Polygon([(127, 36), (128, 36), (127, 37)]))  # a triangle: half of its box
MEND, EMPTY = {"swapped": "mend"}, {"outside": "empty"}

# area, rules, what came -> (x, y) that is published and what was mended, or the reason of refusal
PLACES = [
    ("in Korea", KOREA, {}, (127, 37), ((127, 37), None)),
    ("swapped, refused", KOREA, {}, (37, 127), "swapped-coordinates"),
    ("swapped, mended", KOREA, MEND, (37, 127), ((127, 37), "swapped-mended")),
    ("elsewhere, refused", KOREA, MEND, (0, 0), "outside-area"),
    ("elsewhere, emptied", KOREA, EMPTY, (0, 0), ((None, None), "outside-emptied")),
    ("swapped is not elsewhere", KOREA, EMPTY, (37, 127), "swapped-coordinates"),
    ("both rules, swapped", KOREA, MEND | EMPTY, (37, 127), ((127, 37), "swapped-mended")),
    ("both rules, elsewhere", KOREA, MEND | EMPTY, (37, 0), ((None, None), "outside-emptied")),
    ("half a place", KOREA, MEND | EMPTY, (127, None), "half-coordinate"),
    ("no place", KOREA, MEND | EMPTY, (None, None), ((None, None), None)),
    ("in a box", Area(126, 36, 127, 37), {}, (126.5, 36.5), ((126.5, 36.5), None)),
    ("in Korea, not in the box", Area(126, 36, 127, 37), {}, (128, 36.5), "outside-region"),
    ("in the town", TOWN, {}, (127.2, 36.2), ((127.2, 36.2), None)),
    ("on its border", TOWN, {}, (127, 36.5), ((127, 36.5), None)),
    ("in its box only", TOWN, {}, (127.9, 36.9), "outside-region"),
    ("in its box only, emptied", TOWN, EMPTY, (127.9, 36.9), ((None, None), "outside-emptied")),
    ("swapped in the town", TOWN, MEND, (36.2, 127.2), ((127.2, 36.2), "swapped-mended")),
    ("swapped, but not in the town", TOWN, MEND, (36.9, 127.9), "outside-region"),
    ("infinitely far", TOWN, EMPTY, (1e308, 1e308), ((None, None), "outside-emptied")),
    ("anywhere", None, MEND | EMPTY, (2, 48), ((2, 48), None)),
    ("nowhere", None, MEND, (200, 48), "no-place"),
    ("nowhere, emptied", None, EMPTY, (200, 48), ((None, None), "outside-emptied")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("area", "rules", "came", "outcome"), [line[1:] for line in PLACES], ids=[line[0] for line in PLACES]
)
def test_a_place_is_kept_mended_or_refused(shared_room, area, rules, came, outcome):
    row = dict(zip("xy", came, strict=True)) | {"n": 1}
    staged = tabulate([row], POINTS, limits=shared_room.limits, area=area, **rules)
    if isinstance(outcome, str):
        assert [line["reason"] for line in refused_lines(staged)] == [outcome]
        assert not staged.mended
        return
    (x, y), mended = outcome
    assert staged.read(["x", "y"]).read_all().to_pylist() == [{"x": x, "y": y}]
    assert dict(staged.mended) == ({(mended, "x"): 1} if mended else {})


@pytest.mark.parametrize(
    ("area", "rules", "came", "outcome"), [line[1:] for line in PLACES], ids=[line[0] for line in PLACES]
)
def test_a_shape_fares_as_a_pair_of_coordinates_does(shared_room, area, rules, came, outcome):
    if None in came or came[0] > 1e300:
        return
    shape = json.dumps({"type": "Point", "coordinates": came})
    staged = tabulate([{"shape": shape}], SHAPES, limits=shared_room.limits, area=area, **rules)
    if isinstance(outcome, str):
        assert [line["reason"] for line in refused_lines(staged)] == [outcome]
        return
    (x, y), mended = outcome
    [record] = staged.read().read_all().to_pylist()
    assert (record["_xmin"], record["_ymax"]) == (x, y)
    found = shapely.from_wkb(record["shape"])
    assert (found is None) if x is None else (found.x, found.y) == (x, y)
    assert dict(staged.mended) == ({(mended, "shape"): 1} if mended else {})


def test_a_swapped_shape_keeps_its_heights(shared_room):
    line = {"type": "LineString", "coordinates": [[37, 127, 5], [37.5, 127.5, 6]]}
    staged = tabulate([{"shape": json.dumps(line)}], SHAPES, limits=shared_room.limits, swapped="mend")
    [record] = staged.read().read_all().to_pylist()
    turned = [[127.0, 37.0, 5.0], [127.5, 37.5, 6.0]]
    assert shapely.get_coordinates(shapely.from_wkb(record["shape"]), include_z=True).tolist() == turned
    assert (record["_xmin"], record["_ymin"], record["_xmax"], record["_ymax"]) == (127.0, 37.0, 127.5, 37.5)


def test_metres_in_the_wrong_order_are_put_right_where_the_town_is_known(shared_room):
    schema = Schema(columns=POINTS.columns, geometry=Geometry(longitude="x", latitude="y", crs="EPSG:5186"))
    seoul = Outline(shapely.box(126.7, 37.4, 127.2, 37.7))
    came = [{"x": "550000", "y": "200000", "n": 1}, {"x": "200000", "y": "550000", "n": 2}]
    staged = tabulate(came, schema, limits=shared_room.limits, area=seoul, swapped="mend")
    first, second = staged.read(["x", "y"]).read_all().to_pylist()
    assert first == second
    assert (round(first["x"], 2), round(first["y"], 2)) == (127.0, 37.55)
    assert dict(staged.mended) == {("swapped-mended", "x"): 1}


def test_what_is_refused_for_another_reason_is_not_told_as_mended(shared_room):
    rows: list[dict[str, Any]] = [{"x": 37, "y": 127, "n": "x"}, {"x": 0, "y": 0, "n": "x"}]
    staged = tabulate(rows, POINTS, limits=shared_room.limits, swapped="mend", outside="empty")
    assert (staged.refused, dict(staged.mended)) == (2, {})


@pytest.mark.parametrize("needed", [{"required": True}, {}])
def test_a_place_that_must_be_there_is_refused_and_not_emptied(shared_room, needed):
    columns = (Column("x", "number", **needed), Column("y", "number"))
    schema = Schema(columns=columns, geometry=Geometry("x", "y"), key=() if needed else ("x",))
    staged = tabulate([{"x": 0, "y": 0}], schema, limits=shared_room.limits, outside="empty")
    assert [line["reason"] for line in refused_lines(staged)] == ["outside-area"]


def test_mended_places_are_counted_across_blocks_with_the_first_of_them(shared_room):
    rows = ({"x": 37, "y": 127, "n": n} if n % 2 else {"x": 127, "y": 37, "n": n} for n in range(45_000))
    staged = tabulate(rows, POINTS, limits=shared_room.limits, swapped="mend")
    assert dict(staged.mended) == {("swapped-mended", "x"): 22_500}
    assert staged.mended_samples == {("swapped-mended", "x"): {"row": 2, "value": "127, 37"}}
