"""Workbooks, XLSX and old XLS: a container is weighed before it is opened, then a sheet's cells become text.

What stands in a workbook is read by rules: a merged cell's value stands in its first cell, the others are empty; a
formula is the value last computed, an error in one (#N/A) is an empty cell; days count from 1900 or 1904, as the
workbook says; a hidden sheet is read only when named; macros are refused. Column names are made as in CSV
(``delimited.py``).
"""

from collections.abc import Generator, Mapping

from ingest import workbook_cells
from ingest.connectors.container import DAMAGED, unpack, weighed
from ingest.connectors.delimited import Layout, Row, name_cells
from ingest.errors import Text, UnreadableAnswer
from ingest.foreign_tables import listen
from ingest.http import Answer

MAX_UNPACKED = 256 * 2**20
OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

NOT_OLD = Text(
    ko="XLS 통합 문서가 아니거나, 손상되었거나, 암호가 걸려 있습니다 ({message}).",
    en="it is no XLS workbook, or a damaged one, or protected by a password ({message}).",
)
NO_SUCH_SHEET = Text(
    ko="'{sheet}' 시트가 없습니다. 있는 시트: {sheets}", en="there is no sheet '{sheet}'; its sheets: {sheets}"
)


def read_workbook(
    answer: Answer, layout: Layout, *, sheet: str | None = None, before: int = 0
) -> Generator[Row, None, int]:
    """Yield the rows of a sheet of an XLSX, the first visible one unless named, with every cell as text."""
    with weighed(answer, format="XLSX", most=MAX_UNPACKED) as container:
        for entry in container.infolist():
            unpack(container, entry, answer)
    return (yield from read_sheet(answer, layout, "XLSX", DAMAGED, sheet, before))


def read_old_workbook(
    answer: Answer, layout: Layout, *, sheet: str | None = None, before: int = 0
) -> Generator[Row, None, int]:
    """Yield the rows of a sheet of an XLS, as ``read_workbook`` does."""
    with answer.path.open("rb") as file:
        if file.read(8) != OLE2:
            raise UnreadableAnswer(address=answer.location, format="XLS", reason=NOT_OLD.format(message="OLE2"))
    return (yield from read_sheet(answer, layout, "XLS", NOT_OLD, sheet, before))


def read_sheet(
    answer: Answer, layout: Layout, format: str, damaged: Text, sheet: str | None, before: int
) -> Generator[Row, None, int]:
    def problem(told: Mapping[str, object]) -> UnreadableAnswer:
        if "sheets" in told:
            reason = NO_SUCH_SHEET.format(sheet=sheet or "", sheets=", ".join(map(str, told["sheets"])))
        else:
            reason = damaged.format(format=format, message=str(told["message"]))
        return UnreadableAnswer(address=answer.location, format=format, reason=reason)

    job = {"path": str(answer.path), "sheet": sheet}
    cells = listen(workbook_cells.__name__, job, answer, format, problem)
    return (yield from name_cells(cells, layout, answer, format, before))
