"""NDJSON: one object a line."""

import json
import tracemalloc

import pytest
from dressed_rows import ROWS

from ingest.connectors.file import Config, read
from ingest.errors import BrokenOff, UnreadableAnswer

LINES = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS)

READABLE = {
    "lines": LINES,
    "a blank line": LINES.replace("\n", "\n\n"),
    "windows newlines": LINES.replace("\n", "\r\n"),
    "no newline at the end": LINES.rstrip(),
    "cp949": LINES.encode("cp949"),
    "a mark": LINES.encode("utf-8-sig"),
}


@pytest.mark.parametrize("content", READABLE.values(), ids=READABLE)
@pytest.mark.parametrize("name", ["a.ndjson", "a.jsonl"])
def test_every_line_is_a_record(read_bytes, content, name):
    assert read_bytes(content, name) == ROWS


def test_values_keep_their_types(read_bytes):
    assert read_bytes('{"a": 1, "b": 1.5, "c": true, "d": null, "e": [1], "f": {"g": "h"}}\n', "a.ndjson") == [
        {"a": 1, "b": 1.5, "c": True, "d": None, "e": [1], "f": {"g": "h"}}
    ]


def test_a_whole_number_beyond_64_bits_keeps_its_digits_in_a_line(read_bytes):
    text = '{"id": 1000000000000000412345, "most": 18446744073709551615}\n'
    assert read_bytes(text, "a.ndjson") == [{"id": "1000000000000000412345", "most": 2**64 - 1}]


BAD = {
    "nothing": ("", UnreadableAnswer, "empty"),
    "cut in the last line": (LINES[:-5], BrokenOff, "last line"),
    "wrong in the middle": ('{"a": }\n' + LINES, UnreadableAnswer, "line 1"),
    "no object": (LINES + "[1]\n", UnreadableAnswer, "line 3"),
    "a web page": ("<html></html>", UnreadableAnswer, "web page"),
}


@pytest.mark.parametrize(("content", "error", "words"), BAD.values(), ids=BAD)
def test_what_is_no_ndjson_is_refused(read_bytes, content, error, words):
    with pytest.raises(error, match=words):
        read_bytes(content, "a.ndjson")


def test_memory_stays_flat(open_session, tmp_path):
    (tmp_path / "a.ndjson").write_text(LINES * 100_000)
    session = open_session(file_roots=[tmp_path], limits={"size": 2**25})
    tracemalloc.start()
    assert sum(1 for _ in read(Config(path="a.ndjson"), session)) == 200_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * 2**20
