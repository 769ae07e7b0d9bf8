"""The cells of a workbook as text, read by a process of its own: two cells far apart can ask for a terabyte.

Run as ``python -m`` by ``ingest/foreign_tables.py``, whose lines it writes: ``R`` (a row of cells), ``P`` (a problem: the
library's words, or the sheets there are) and ``E`` (the end). Which rules make text of a cell is told in
``ingest/connectors/workbook.py``.
"""

import resource
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from pathlib import Path

import orjson
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

MEMORY = 1_536 * 2**20  # 240 MB of XML, the most that is let in, take 550
SECONDS = 600


def main() -> None:
    """Read the sheet that the first argument describes as JSON and write its rows to standard output."""
    job, out, count = orjson.loads(sys.argv[1]), sys.stdout.buffer, 0
    limit_itself()
    try:
        with CalamineWorkbook.from_path(job["path"]) as workbook:
            name, names = choose_sheet(workbook, job["sheet"])
            if name is None:
                out.write(b"P%b\n" % orjson.dumps({"sheets": names}))
                return
            for cells in as_text(workbook.get_sheet_by_name(name)):
                out.write(b"R%b\n" % orjson.dumps(cells))
                count += 1
    except CalamineError as error:
        out.write(b"P%b\n" % orjson.dumps({"message": str(error)}))
    else:
        out.write(b"E%d\n" % count)


def limit_itself() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(FileNotFoundError):  # a machine without /proc has no such limit either
        allowed = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize() + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (allowed, allowed))


def choose_sheet(workbook: CalamineWorkbook, sheet: str | None) -> tuple[str | None, list[str]]:
    """Return the sheet that is meant, the first visible one unless named, and all there are."""
    names = [meta.name for meta in workbook.sheets_metadata if meta.typ == SheetTypeEnum.WorkSheet]
    visible = [meta.name for meta in workbook.sheets_metadata if meta.visible == SheetVisibleEnum.Visible]
    if sheet is None and names:
        return next((name for name in names if name in visible), names[0]), names
    return (sheet if sheet in names else None), names


def as_text(sheet: CalamineSheet) -> Iterator[list[str]]:
    """Yield the rows as text; in a column of dates with times, midnight is a time too.

    (python-calamine 0.9 hands out a plain date for every midnight, so a first pass looks which columns know times.)
    """
    timed = {column for row in sheet.iter_rows() for column, cell in enumerate(row) if type(cell) is datetime}
    for row in sheet.iter_rows():
        for column in timed:
            if type(row[column]) is date:
                row[column] = datetime.combine(row[column], time())
        yield [text_of(cell) for cell in row]


def text_of(cell: object) -> str:
    """Return a cell as text: whole numbers without a point, dates and times in ISO form, durations as hours."""
    match cell:
        case str():
            return cell
        case bool():
            return "true" if cell else "false"
        case float() if cell.is_integer():
            return str(int(cell))
        case datetime():
            return cell.isoformat(sep=" ", timespec="seconds")
        case date() | time():
            return cell.isoformat()
        case timedelta():
            minutes, seconds = divmod(round(cell.total_seconds()), 60)
            return f"{minutes // 60:02}:{minutes % 60:02}" + (f":{seconds:02}" if seconds else "")
    return str(cell)


if __name__ == "__main__":
    main()
