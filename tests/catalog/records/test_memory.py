"""Memory stays flat: what a process uses at most for many rows is what it uses for few."""

import os
import subprocess
import sys

import pytest
from record_rooms import make_schema

from catalog.records import FORMATS, parse_query, stream_query

STREAMING = """
import dataclasses, resource, sys
from pathlib import Path
from catalog.records import Geometry, encode, parse_query, stream_query
from record_rooms import Room, make_schema

room = Room(Path(sys.argv[1]))
schema = make_schema(i="integer", at="datetime", name="string", value="number", x="number", y="number")
schema = dataclasses.replace(schema, geometry=Geometry("x", "y"))
rows = (
    {"i": n, "at": "2018-01-01 09:20", "name": f"이름 {n}" * 8, "value": n / 7, "x": 127 + n / 1e5, "y": n % 9 and 37}
    for n in range(25_000)
)
once = room.write(rows, schema)
for times in (4, 16):
    manifest = dataclasses.replace(once, parts=once.parts * times, records=once.records * times)
    batches = stream_query(manifest, parse_query([], schema), room.store, room.limits)
    size = sum(map(len, encode(batches, schema, sys.argv[2], spool=room.limits.spool)))
    print(size, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""

TYPING = """
import resource, sys
from pathlib import Path
from catalog.records import tabulate
from record_rooms import Room, make_schema

room = Room(Path(sys.argv[1]))
schema = make_schema(i="integer", at="datetime", name="string", value="number")
for count in map(int, sys.argv[3:]):
    rows = ({"i": sys.argv[2] or n, "at": "2018-01-01 09:20", "name": f"이름 {n}" * 8, "value": n / 7} for n in range(count))
    print(tabulate(rows, schema, limits=room.limits).rows, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def measure(code: str, *arguments: object) -> list[tuple[int, int]]:
    """Return (amount, greatest memory so far) of what a fresh process did first and then."""
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == 0, done.stderr
    return [(int(amount), int(memory)) for amount, memory in map(str.split, done.stdout.splitlines())]


@pytest.mark.parametrize("name", FORMATS)
def test_a_large_answer_is_streamed_in_the_memory_of_a_smaller_one(tmp_path, name):
    (some, memory), (much, most) = measure(STREAMING, tmp_path, name)
    assert much > some * 3.8
    assert most < memory * 1.1


@pytest.mark.parametrize(("bad", "some"), [("", 130_000), ("x", 30_000)], ids=["accepted", "refused"])
def test_many_rows_are_typed_in_the_memory_of_fewer(tmp_path, bad, some):
    """Few means several blocks: the library's own pools grow over the first ones."""
    (few, memory), (many, most) = measure(TYPING, tmp_path, bad, some, some * 2)
    assert many == few * 2
    assert most < memory * 1.1


def test_a_stream_is_drawn_as_it_is_read(shared_room):
    manifest = shared_room.write([{"i": number} for number in range(60_000)], make_schema(i="integer"))
    batches = stream_query(manifest, parse_query([], manifest.schema), shared_room.store, shared_room.limits)
    assert next(batches).num_rows == 10_000
    assert sum(batch.num_rows for batch in batches) == 50_000
