"""NDJSON: one JSON object a line, read line by line."""

import codecs
from collections.abc import Generator
from typing import IO, Any

import orjson

from ingest.connectors.decode import prove_encoding
from ingest.errors import BrokenOff, Text, TooLarge, UnreadableAnswer
from ingest.http import Answer, readable_size
from ingest.json_text import load_json

MAX_LINE = 16 * 2**20
CUT = Text(ko="마지막 줄의 중간에서 끝납니다", en="it ends in the middle of its last line")
BAD_LINE = Text(ko="{line}번째 줄을 읽을 수 없습니다 ({message}).", en="line {line} cannot be read ({message}).")
NO_OBJECT = Text(ko="{line}번째 줄이 객체가 아닙니다.", en="line {line} is no object.")


def read_ndjson(answer: Answer, *, before: int = 0) -> Generator[dict[str, object], None, int]:
    """Yield the object of each line; blank lines say nothing."""
    encoding = prove_encoding(answer, "NDJSON")
    with open_lines(answer, encoding) as file:
        number = 0
        while line := file.readline(MAX_LINE):
            number += 1
            is_whole = line[-1:] in ("\n", b"\n")
            if not is_whole and len(line) == MAX_LINE:
                raise TooLarge(address=answer.location, limit=readable_size(MAX_LINE))
            if not line.strip():
                continue
            try:
                record = load_json(line)
            except orjson.JSONDecodeError as error:
                if not is_whole:
                    raise BrokenOff(address=answer.location, reason=CUT) from error
                raise unreadable(answer, BAD_LINE.format(line=number, message=error.msg)) from error
            if not isinstance(record, dict):
                raise unreadable(answer, NO_OBJECT.format(line=number))
            before += 1
            yield record
    return before


def open_lines(answer: Answer, encoding: str) -> IO[Any]:
    """Open a file for its lines: UTF-8 as bytes, which is what the parser reads fastest, all else as text."""
    if encoding.startswith("utf-8"):
        file = answer.path.open("rb")
        file.seek(len(codecs.BOM_UTF8) if encoding == "utf-8-sig" else 0)
        return file
    return answer.path.open(encoding=encoding, newline="\n")


def unreadable(answer: Answer, reason: Text) -> UnreadableAnswer:
    return UnreadableAnswer(address=answer.location, format="NDJSON", reason=reason)
