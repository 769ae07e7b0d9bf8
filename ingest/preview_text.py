"""A preview as a page of text for a terminal, in Korean or English, and as plain values for programs."""

import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any

from catalog.records import TYPES, InferredColumn, to_table_schema
from catalog.text import Text
from ingest.connectors import CONNECTORS
from ingest.preview import Preview

SHOWN_EXAMPLES, WIDEST_CELL, SHOWN_ROWS = 2, 28, 3

HEAD = Text(ko="소스 미리보기: {title} ({connector})", en="Preview of a source: {title} ({connector})")
REACHED = Text(ko="연결: {sentence} (요청 {requests}번)", en="Reached: {sentence} ({requests} requests)")
TOLD = Text(ko="플랫폼의 설명: {words}", en="The platform says: {words}")
FILE = Text(ko="파일: 형식 {format}, 글자 인코딩 {encoding}", en="File: format {format}, encoding {encoding}")
READ = {
    "": Text(ko="읽은 것: 전체 {rows}행", en="Read: all {rows} rows"),
    "rows": Text(
        ko="읽은 것: 처음 {rows}행(더 있습니다. 더 보려면 --rows)",
        en="Read: the first {rows} rows (there are more; see --rows)",
    ),
    "time": Text(
        ko="읽은 것: 시간이 다 되어 처음 {rows}행(더 보려면 --seconds)",
        en="Read: the first {rows} rows, when the time was up (see --seconds)",
    ),
}
REFUSED = Text(
    ko="제안한 대로 받으면 {tried}행 가운데 {refused}행이 거절됩니다.",
    en="Typed as proposed, {refused} of {tried} rows would be refused.",
)
COLUMNS = Text(ko="열 {count}개", en="{count} columns")
HEADS = (
    Text(ko="이름", en="name"),
    Text(ko="유형", en="type"),
    Text(ko="원래 이름", en="at the platform"),
    Text(ko="빈 값", en="empty"),
    Text(ko="서로 다름", en="different"),
    Text(ko="예", en="examples"),
)
PROPOSED = Text(ko="제안: {parts}", en="Proposed: {parts}")
KEY = Text(ko="키 {names}", en="key {names}")
NO_KEY = Text(ko="키 없음", en="no key")
OTHER_KEYS = Text(ko="키 후보 {names}", en="possible keys {names}")
PLACE = Text(ko="위치 {names} ({crs})", en="place {names} ({crs})")
GUESS = Text(ko="위치 {names} ({crs}로 짐작)", en="place {names} (a guess: {crs})")
TIME = Text(ko="시간 {name}", en="time {name}")
MODEL = Text(ko="데이터 모델 {name}", en="data model {name}")
FINDINGS = Text(ko="확인할 것 {count}가지", en="{count} things to look at")
NOTHING = Text(ko="확인할 것이 없습니다.", en="Nothing to look at.")
FIRST_ROWS = Text(ko="처음 {count}행", en="The first {count} rows")
NO_COLUMNS = Text(ko="레코드가 없어 열을 알 수 없습니다.", en="There are no records, so the columns are unknown.")
HUB_FILE = Text(ko="허브 파일 (manage.py apply)", en="Hub file (manage.py apply)")


def as_text(preview: Preview, snippet: str, language: str) -> str:
    return "\n".join(lines_of(preview, snippet, language)) + "\n"


def lines_of(preview: Preview, snippet: str, language: str) -> Iterator[str]:
    def say(text: Text, **values: object) -> str:
        return text.format(**values).in_language(language)

    described, inferred = preview.described, preview.inferred
    yield say(HEAD, title=CONNECTORS[preview.connector].title, connector=preview.connector)
    yield say(REACHED, sentence=preview.checked.sentence, requests=preview.requests)
    words = [text.in_language(language) for text in (described.title, described.description) if text]
    if words or described.licence:
        yield say(TOLD, words=" · ".join(word[:200] for word in [*words, described.licence] if word))
    if described.encoding:
        yield say(FILE, format=described.format, encoding=described.encoding)
    yield say(READ[preview.cut_by], rows=f"{inferred.rows:,}")
    if preview.schema is None:
        yield say(NO_COLUMNS)
        return
    yield say(REFUSED, tried=f"{preview.tried:,}", refused=f"{preview.refused:,}")
    yield say(PROPOSED, parts=" · ".join(text.in_language(language) for text in proposals(preview)))
    yield ""
    yield say(COLUMNS, count=len(inferred.columns))
    names = {column.source_name: column for column in preview.schema.columns}
    cells = [[head.in_language(language) for head in HEADS]]
    for column in inferred.columns:
        proposed = names[column.source]
        kind = TYPES[proposed.type].in_language(language)
        cells.append(
            [proposed.name, kind, column.source, f"{column.empty:,}", f"{column.distinct:,}", examples(column)]
        )
    yield from aligned(cells)
    yield ""
    yield say(FINDINGS, count=len(preview.findings)) if preview.findings else say(NOTHING)
    yield from (f"  - {finding.text.in_language(language)}" for finding in preview.findings)
    yield ""
    yield say(FIRST_ROWS, count=len(preview.rows[:SHOWN_ROWS]))
    for row in preview.rows[:SHOWN_ROWS]:
        yield f"  {' | '.join(shown(value) for value in row.values())}"
    yield ""
    yield f"--- {say(HUB_FILE)}"
    yield snippet.rstrip("\n")


def proposals(preview: Preview) -> Iterator[Text]:
    schema, inferred = preview.schema, preview.inferred
    if schema is None:
        return
    yield KEY.format(names=", ".join(schema.key)) if schema.key else NO_KEY
    if others := [name for name in inferred.keys if name not in schema.key]:
        yield OTHER_KEYS.format(names=", ".join(others[:5]))
    if schema.geometry:
        names = schema.geometry.column or f"{schema.geometry.longitude}, {schema.geometry.latitude}"
        place = GUESS if len(inferred.crs_guesses) > 1 else PLACE
        yield place.format(names=names, crs=schema.geometry.crs)
    if schema.time:
        yield TIME.format(name=schema.time)
    if preview.model:
        yield MODEL.format(name=preview.model)


def examples(column: InferredColumn) -> str:
    return ", ".join(shown(text) for text in column.examples[:SHOWN_EXAMPLES])


def shown(value: object) -> str:
    text = "" if value is None else str(value)
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    return text if len(text) <= WIDEST_CELL else f"{text[: WIDEST_CELL - 1]}…"


def aligned(cells: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield rows whose columns stand below each other; a Korean letter is as wide as two Latin ones."""
    widths = [max(width_of(row[place]) for row in cells) for place in range(len(cells[0]))]
    for row in cells:
        padded = (cell + " " * (width - width_of(cell)) for cell, width in zip(row, widths, strict=True))
        yield f"  {'  '.join(padded).rstrip()}"


def width_of(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def as_document(preview: Preview, snippet: str) -> dict[str, Any]:
    """Return a preview as plain values: texts in both languages, the schema as a Table Schema."""
    described, inferred = preview.described, preview.inferred
    return {
        "connector": preview.connector,
        "reached": preview.checked.sentence.as_dict(),
        "announced_rows": preview.checked.rows,
        "requests": preview.requests,
        "title": described.title.as_dict(),
        "description": described.description.as_dict(),
        "licence": described.licence,
        "format": described.format,
        "encoding": described.encoding,
        "read_rows": inferred.rows,
        "cut_by": preview.cut_by,
        "tried_rows": preview.tried,
        "refused_rows": preview.refused,
        "model": preview.model,
        "keys": list(inferred.keys),
        "crs_guesses": list(inferred.crs_guesses),
        "schema": to_table_schema(preview.schema) if preview.schema else None,
        "columns": [column_document(column) for column in inferred.columns],
        "findings": [
            {
                "code": finding.code,
                "severity": finding.severity,
                "column": finding.column,
                "count": finding.count,
                "text": finding.text.as_dict(),
            }
            for finding in preview.findings
        ],
        "rows": list(preview.rows),
        "hub_file": snippet,
    }


def column_document(column: InferredColumn) -> dict[str, Any]:
    return {
        "source": column.source,
        "type": column.type,
        "because": column.because,
        "filled": column.filled,
        "empty": column.empty,
        "distinct": column.distinct,
        "distinct_is_exact": column.distinct_is_exact,
        "is_unique": column.is_unique,
        "minimum": column.minimum,
        "maximum": column.maximum,
        "missing": list(column.missing),
        "precisions": dict(column.precisions),
        "values": list(column.values),
        "examples": list(column.examples),
    }
