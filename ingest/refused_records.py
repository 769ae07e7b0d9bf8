"""The refused records of a run as files to hand back to the platform's operator: JSON lines as kept, CSV and a workbook."""

import csv
import gzip
import io
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import xlsxwriter
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from catalog.text import Text

CHUNK_BYTES = 1 << 16
CHUNK_ROWS = 500
BYTE_ORDER_MARK = "\ufeff"
SHEET_ROWS = 1_000_000  # a sheet of Excel holds 1,048,576
CELL_LETTERS = 32_767
WIDTHS = (10, 48, 18, 24)  # of the columns before the record, in letters


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
    first, *rest = header()
    return csv_chunks(path, [BYTE_ORDER_MARK + first, *rest], get_language() or "en")


def header() -> list[str]:
    return [_("row"), _("reason"), _("column"), _("value"), _("raw record")]


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


def write_xlsx(path: Path) -> Iterator[bytes]:
    """Return a workbook: row, reason in the reader's language, column, value, and a column for each field of the records."""
    names, language = field_names(path), get_language() or "en"
    with tempfile.NamedTemporaryFile(suffix=".xlsx") as file:
        options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        with xlsxwriter.Workbook(file.name, options) as book, gzip.open(path, "rb") as lines:
            bold, sheet, at = book.add_format({"bold": True}), None, SHEET_ROWS
            for line in lines:
                if at == SHEET_ROWS:
                    sheet, at = book.add_worksheet(), 0
                    sheet.freeze_panes(1, 0)
                    for position, width in enumerate(WIDTHS):
                        sheet.set_column(position, position, width)
                    sheet.write_row(0, 0, [*header()[:-1], *names], bold)
                at += 1
                sheet.write_row(at, 0, sheet_row(orjson.loads(line), names, language))
            if sheet is None:
                book.add_worksheet().write_row(0, 0, header()[:-1], bold)
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def field_names(path: Path) -> list[str]:
    """Return the fields of the refused records, in the order in which they first come."""
    names: dict[str, None] = {}
    with gzip.open(path, "rb") as lines:
        for line in lines:
            names.update(dict.fromkeys(orjson.loads(line)["record"]))
    return list(names)


def sheet_row(entry: Mapping[str, Any], names: Sequence[str], language: str) -> list[object]:
    sentence = Text.from_value(entry["sentence"]).in_language(language)
    record = entry["record"]
    return [entry["row"], sentence, entry["column"], cell(entry["value"]), *(cell(record.get(name)) for name in names)]


def cell(value: object) -> str | None:
    """Return a value as text as it came: a code keeps its zeros, and nothing becomes a formula."""
    if value is None or value == "":
        return None
    text = value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
    return text if len(text) <= CELL_LETTERS else f"{text[: CELL_LETTERS - 1]}…"


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
    "xlsx": RefusedFormat("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", write_xlsx),
}
