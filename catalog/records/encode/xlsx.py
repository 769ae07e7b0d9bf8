"""XLSX: one sheet of records and one that tells what the columns are, written as XML by column.

Numbers are numbers, to their last digit; whole numbers of more than 15 digits are texts, because Excel would round
them. Dates and date-times are ISO 8601 texts: a date of Excel has no offset, no microseconds and no year before 1900.
Texts are texts, never formulas or links. The file is spooled, so that what does not fit into a sheet is refused before
the first byte.
"""

import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from xml.sax.saxutils import escape

import pyarrow as pa
import pyarrow.compute as pc

from catalog.errors import Unanswerable
from catalog.records.encode.options import Options
from catalog.records.encode.shapes import wkt_texts
from catalog.records.encode.sink import chunks_of, spooled
from catalog.records.encode.texts import byte_table, bytes_of, finite, holds_any, join_rows, text_of
from catalog.records.schema import TYPES, Column, Schema
from catalog.text import Text

MOST_RECORDS = 1_048_575  # the rows of a sheet without the heading
MOST_COLUMNS = 16_384
MOST_CHARACTERS = 32_767  # UTF-16 code units in a cell
MOST_BYTES = (1 << 31) - 1  # of a sheet: beyond it a file needs Zip64, which not every Excel opens
EXACT_DIGITS = 15
COMPRESSION = 2  # three times as fast as the usual 6, for a tenth more bytes
THE_BEGINNING = (1980, 1, 1, 0, 0, 0)  # of time in ZIP files: equal records, equal bytes

XML_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
TITLES = ("records", "columns")
# What a workbook is made of beside its sheets.
FRAME: Mapping[str, str] = {
    "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{KIND}.sheet.main+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{KIND}.styles+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{KIND}.worksheet+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet2.xml" ContentType="{KIND}.worksheet+xml"/>'
    "</Types>",
    "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/>'
    "</Relationships>",
    "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><sheets>'
    f'<sheet name="{TITLES[0]}" sheetId="1" r:id="rId1"/><sheet name="{TITLES[1]}" sheetId="2" r:id="rId2"/>'
    "</sheets></workbook>",
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{RELATIONS}/worksheet" Target="worksheets/sheet2.xml"/>'
    f'<Relationship Id="rId3" Type="{RELATIONS}/styles" Target="styles.xml"/>'
    "</Relationships>",
    "xl/styles.xml": f'<styleSheet xmlns="{MAIN}">'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
    '</fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="2"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>',
}
SHEET_HEAD = (
    f'{XML_HEAD}<worksheet xmlns="{MAIN}"><sheetViews><sheetView workbookViewId="0">'
    '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><sheetData>'
)
SHEET_END = "</sheetData></worksheet>"
TEXT_HEAD, TEXT_END = ' t="inlineStr"><is><t xml:space="preserve">', "</t></is></c>"
NUMBER_HEAD, NUMBER_END = "><v>", "</v></c>"

# What must be written otherwise in XML: (when one of these bytes occurs at all, what, as what). XML cannot hold control
# characters and would turn a carriage return to a line feed: they are written _xHHHH_ (ECMA-376, part 1, 22.9.2.19), and
# so is the underscore of a text that looks like that.
LOOKS_ESCAPED = r"_(x[0-9A-Fa-f]{4}_)"
CONTROLS = (*range(9), 11, 12, *range(13, 32))
ESCAPES = (
    (byte_table(b"&<>"), (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"))),
    (byte_table(CONTROLS), tuple((chr(code), f"_x{code:04X}_") for code in CONTROLS)),
    (byte_table([0xEF]), (("\ufffe", "_xFFFE_"), ("\uffff", "_xFFFF_"))),
)


def encode_xlsx(batches: Iterable[pa.RecordBatch], schema: Schema, options: Options) -> Iterator[bytes]:
    def write(path: Path) -> None:
        with zipfile.ZipFile(path, "w") as workbook:
            write_part(workbook, "xl/worksheets/sheet1.xml", record_sheet(batches, schema))
            write_part(workbook, "xl/worksheets/sheet2.xml", column_sheet(schema))
            for name, content in FRAME.items():
                write_part(workbook, name, [f"{XML_HEAD}{content}".encode()])

    yield from chunks_of(spooled(options.spool, ".xlsx", write))


def write_part(workbook: zipfile.ZipFile, name: str, chunks: Iterable[bytes]) -> None:
    part = zipfile.ZipInfo(name, THE_BEGINNING)
    part.compress_type = zipfile.ZIP_DEFLATED
    part._compresslevel = COMPRESSION  # public only from Python 3.13 on, as ``compress_level``
    size = 0
    with workbook.open(part, "w") as file:
        for chunk in chunks:
            size += len(chunk)
            if size > MOST_BYTES:
                raise refused(
                    ko="답이 엑셀 파일 하나에 담기에 너무 큽니다", en="the answer is too large for a workbook"
                )
            file.write(chunk)


def record_sheet(batches: Iterable[pa.RecordBatch], schema: Schema) -> Iterator[bytes]:
    if len(schema.columns) > MOST_COLUMNS:
        raise refused(ko=f"열은 {MOST_COLUMNS:,}개까지입니다", en=f"a sheet has at most {MOST_COLUMNS:,} columns")
    yield (SHEET_HEAD + plain_row(1, schema.names, style=' s="1"')).encode()
    rows = 0
    for batch in batches:
        require_rows(rows + batch.num_rows)
        yield bytes_of(sheet_rows(batch, schema, rows + 2))
        rows += batch.num_rows
    yield SHEET_END.encode()


def require_rows(rows: int) -> None:
    """Refuse more records than a sheet holds."""
    if rows > MOST_RECORDS:
        raise refused(
            ko=f"엑셀 시트에는 레코드가 {MOST_RECORDS:,}개까지 들어갑니다. CSV나 Parquet로 받거나 조건을 좁히십시오",
            en=f"a sheet holds at most {MOST_RECORDS:,} records; ask for CSV or Parquet, or for less",
        )


def sheet_rows(batch: pa.RecordBatch, schema: Schema, first: int) -> pa.Array:
    number = pa.array(range(first, first + batch.num_rows), pa.int32()).cast(pa.string())
    pieces: list[str | pa.Array] = ['<row r="', number, '">']
    for position, column in enumerate(schema.columns):
        cells = sheet_cells(batch.column(column.name), column)
        pieces += [f'<c r="{letters(position)}', number, '"', *cells]
    return join_rows([*pieces, "</row>"])


def sheet_cells(values: pa.Array, column: Column) -> list[str | pa.Array]:
    """Return the pieces of one cell a row, from behind its address; a missing value is a cell without content."""
    head, texts, end = cell_parts(values, column)
    if not texts.null_count:
        return [head, texts, end]
    return [pc.fill_null(join_rows([head, texts, end]), "/>")]


def cell_parts(values: pa.Array, column: Column) -> tuple[str | pa.Array, pa.Array, str | pa.Array]:
    if column.type == "number":
        return NUMBER_HEAD, finite(values).cast(pa.string()), NUMBER_END
    if column.type == "boolean":
        return f' t="b"{NUMBER_HEAD}', values.cast(pa.int8()).cast(pa.string()), NUMBER_END
    if column.type == "integer":
        long = pc.fill_null(
            pc.or_(pc.greater_equal(values, 10**EXACT_DIGITS), pc.less_equal(values, -(10**EXACT_DIGITS))), False
        )
        texts = values.cast(pa.string())
        if not pc.any(long).as_py():
            return NUMBER_HEAD, texts, NUMBER_END
        return pc.if_else(long, TEXT_HEAD, NUMBER_HEAD), texts, pc.if_else(long, TEXT_END, NUMBER_END)
    texts = wkt_texts(values) if column.type == "geometry" else text_of(values, column.type)
    refuse_long_texts(texts, column)
    return TEXT_HEAD, escaped(texts), TEXT_END


def escaped(texts: pa.Array) -> pa.Array:
    if pc.any(pc.match_substring(texts, "_x")).as_py():
        texts = pc.replace_substring_regex(texts, LOOKS_ESCAPED, r"_x005F_\1")
    for table, escapes in ESCAPES:
        if holds_any(texts, table):
            for plain, written in escapes:
                texts = pc.replace_substring(texts, plain, written)
    return texts


def refuse_long_texts(texts: pa.Array, column: Column) -> None:
    """Refuse what a cell cannot hold; a file with more in it is one that Excel calls broken."""
    suspects = texts.filter(pc.greater(pc.binary_length(texts), MOST_CHARACTERS))
    if any(len(text.encode("utf-16-le")) > 2 * MOST_CHARACTERS for text in suspects.to_pylist()):
        raise refused(
            ko=f"'{column.name}' 열에 엑셀 칸의 한도({MOST_CHARACTERS:,}자)보다 긴 값이 있습니다. "
            "'select'로 그 열을 빼거나 다른 형식으로 받으십시오",
            en=f"the column '{column.name}' has values longer than a cell holds ({MOST_CHARACTERS:,} characters); "
            "leave it out with 'select' or ask for another format",
        )


def refused(*, ko: str, en: str) -> Unanswerable:
    return Unanswerable(parameter="format=xlsx", reason=Text(ko=ko, en=en))


def column_sheet(schema: Schema) -> Iterator[bytes]:
    """Yield the sheet that tells what the columns are."""
    rows = [("name", "제목", "title", "type", "unit", "설명", "description")]
    rows += [
        (
            column.name,
            column.title.ko,
            column.title.en,
            f"{column.type} ({TYPES[column.type].ko})",
            column.unit,
            column.description.ko,
            column.description.en,
        )
        for column in schema.columns
    ]
    yield SHEET_HEAD.encode()
    for number, row in enumerate(rows, start=1):
        yield plain_row(number, row, style=' s="1"' if number == 1 else "").encode()
    yield SHEET_END.encode()


def plain_row(number: int, texts: Iterable[str], *, style: str = "") -> str:
    cells = (
        f'<c r="{letters(position)}{number}"{style}{TEXT_HEAD}{escape(text)}{TEXT_END}'
        for position, text in enumerate(texts)
    )
    return f'<row r="{number}">{"".join(cells)}</row>'


def letters(position: int) -> str:
    """Return what a spreadsheet calls a column: A to Z, AA, AB and so on."""
    name = ""
    position += 1
    while position:
        position, rest = divmod(position - 1, 26)
        name = chr(ord("A") + rest) + name
    return name
