"""The refused records of a run as files to hand back to the platform's operator: JSON lines as kept, and a CSV for Excel."""

import csv
import gzip
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from catalog.text import Text

CHUNK_BYTES = 1 << 16
CHUNK_ROWS = 500
BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True)
class RefusedFormat:
    media_type: str
    write: Callable[[Path], Iterator[bytes]]


def write_lines(path: Path) -> Iterator[bytes]:
    """Yield the kept JSON lines, unpacked."""
    with gzip.open(path, "rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def write_csv(path: Path) -> Iterator[bytes]:
    """Return a CSV with a byte-order mark, for Excel: row, reason in the reader's language, column, value, raw record."""
    header = [BYTE_ORDER_MARK + _("row"), _("reason"), _("column"), _("value"), _("raw record")]
    return csv_chunks(path, header, get_language() or "en")


def csv_chunks(path: Path, header: Sequence[str], language: str) -> Iterator[bytes]:
    yield as_csv([header])
    rows: list[list[object]] = []
    with gzip.open(path, "rb") as file:
        for line in file:
            rows.append(csv_row(orjson.loads(line), language))
            if len(rows) == CHUNK_ROWS:
                yield as_csv(rows)
                rows.clear()
    yield as_csv(rows)


def csv_row(entry: Mapping[str, Any], language: str) -> list[object]:
    return [
        entry["row"],
        harmless(Text.from_value(entry["sentence"]).in_language(language)),
        entry["column"],
        harmless(str(entry["value"] or "")),
        orjson.dumps(entry["record"]).decode(),
    ]


def harmless(text: str) -> str:
    """Keep a spreadsheet from running what a platform sent: a text that would be a formula gets an apostrophe before it."""
    if not text.startswith(("=", "+", "-", "@", "\t", "\r")):
        return text
    try:
        float(text.replace(",", ""))
    except ValueError:
        return f"'{text}"
    return text


def as_csv(rows: Sequence[Sequence[object]]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerows(rows)
    return buffer.getvalue().encode()


FORMATS: Mapping[str, RefusedFormat] = {
    "ndjson": RefusedFormat("application/x-ndjson", write_lines),
    "csv": RefusedFormat("text/csv; charset=utf-8", write_csv),
}
