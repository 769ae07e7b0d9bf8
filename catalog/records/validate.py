"""Checks of a whole staged answer against what its source is expected to give; a failed check holds the run back.

Checks of single values are in ``tabulate.py``. Here: unique keys, minimum rows, share against the last snapshot, share of
refused records, columns that are missing or new.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import orjson
import pyarrow as pa

from catalog.records.engine import Limits, connect, count, identifier, names_of, text_literal
from catalog.records.layout import ROW
from catalog.records.reasons import explain
from catalog.records.schema import Schema
from catalog.records.staged import RefusedFile, Staged, open_staging
from catalog.records.tabulate import BLOCK_ROWS
from catalog.text import Text

Severity = Literal["warning", "blocking"]


@dataclass(frozen=True)
class Expectations:
    """What a source promises. Shares are between 0 and 1; None switches a check off.

    ``keep`` tells which of several records with one key stays: the first or the last of the answer.
    """

    min_rows: int = 1
    min_share: float | None = 0.5
    max_rejected_share: float | None = 0.5
    within: Literal["korea", "anywhere"] = "korea"
    keep: Literal["first", "last"] = "first"


@dataclass(frozen=True)
class Finding:
    """One thing that a check found; ``count`` is in records or columns."""

    code: str
    severity: Severity
    text: Text
    count: int = 0
    column: str = ""


@dataclass
class Report:
    """All findings of a run; ``blocks`` tells whether publishing is held back."""

    findings: list[Finding] = field(default_factory=list)

    @property
    def blocks(self) -> bool:
        return any(finding.severity == "blocking" for finding in self.findings)

    @property
    def reason(self) -> Text:
        """The blocking sentences, one after the other."""
        texts = [finding.text for finding in self.findings if finding.severity == "blocking"]
        return Text(
            ko=" ".join(text.in_language("ko") for text in texts), en=" ".join(text.in_language("en") for text in texts)
        )


def validate(staged: Staged, expectations: Expectations, *, previous_rows: int | None, limits: Limits) -> Report:
    """Refuse repeated keys in ``staged`` and return what the checks found.

    ``previous_rows`` is the size of the snapshot that the answer would replace; None when there is none or when the
    answer is added to it.
    """
    refuse_repeated_keys(staged, expectations, limits)
    report = Report(refused_findings(staged))
    for check in CHECKS:
        if finding := check(staged, expectations, previous_rows):
            report.findings.append(finding)
    return report


def refuse_repeated_keys(staged: Staged, expectations: Expectations, limits: Limits) -> None:
    """Move all but one of the records that share a key to the refused ones."""
    if not staged.schema.key or not staged.accepted or staged.order.is_strict:
        return
    keys = names_of(staged.schema.key)
    direction = "ASC" if expectations.keep == "first" else "DESC"
    refused_before = staged.refused
    repeated_rows = [np.empty(0, np.int64)]
    with connect((limits.spool,), limits) as cursor, RefusedFile(staged) as refused:
        # Ranking the rows takes five times as long as telling that there is nothing to rank.
        cursor.register("_keys", staged.read(staged.schema.key))
        if not count(cursor, f"(SELECT {keys} FROM _keys GROUP BY ALL HAVING count(*) > 1)", {}):
            return
        cursor.register("_staged", staged.read())
        repeated = cursor.sql(
            f"SELECT {ROW}, concat_ws(', ', {keys}) AS _key, to_json({shown_record(staged.schema)}) AS _record FROM "
            f"(SELECT *, row_number() OVER (PARTITION BY {keys} ORDER BY {ROW} {direction}) AS _rank FROM _staged) "
            f"WHERE _rank > 1 ORDER BY {ROW}"
        )
        for batch in repeated.to_arrow_reader(BLOCK_ROWS):
            for row, key, record in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                refused.write(row, "duplicate-key", staged.schema.key[0], key[:200], orjson.loads(record))
            repeated_rows.append(batch.column(0).to_numpy())
    leave_out(staged, np.concatenate(repeated_rows))
    staged.accepted -= staged.refused - refused_before


def leave_out(staged: Staged, numbers: np.ndarray) -> None:
    """Write the staged rows again without those of rising numbers."""
    rest = staged.path.with_suffix(".rest")
    try:
        with open_staging(rest, staged.schema) as file:
            for batch in staged.read():
                rows = batch.column(ROW).to_numpy()
                places = np.minimum(np.searchsorted(numbers, rows), len(numbers) - 1)
                kept = batch.filter(pa.array(numbers[places] != rows))
                if kept.num_rows:
                    file.write_batch(kept)
        rest.replace(staged.path)
    finally:
        rest.unlink(missing_ok=True)


def shown_record(schema: Schema) -> str:
    """Return the expression of a record as it was typed, without geometries."""
    shown = [column.name for column in schema.columns if column.type != "geometry"]
    return "{" + ", ".join(f"{text_literal(name)}: {identifier(name)}" for name in shown) + "}"


def refused_findings(staged: Staged) -> list[Finding]:
    """Tell each kind of refusal once, with its count and an example."""
    findings = []
    for (code, column), refused in staged.reasons.most_common():
        example = staged.samples[code, column][0]
        text = Text(
            ko="{count}개 레코드를 공개하지 않았습니다: {where}{why} ({row}번째 행)",
            en="{count} not published: {where}{why} (row {row})",
        ).format(
            count=Text(ko=f"{refused:,}", en=f"{refused:,} record{'' if refused == 1 else 's'}"),
            where=f"{column}: " if column else "",
            why=explain(code, example["value"]),
            row=example["row"],
        )
        findings.append(Finding(code=code, severity="warning", text=text, count=refused, column=column))
    return findings


def missing_columns(staged: Staged, expectations: Expectations, previous_rows: int | None) -> Finding | None:
    if not staged.missing_columns:
        return None
    names = ", ".join(staged.missing_columns)
    new = ", ".join(staged.unknown_columns)
    hint_ko = f" 이름이 바뀐 열일 수 있습니다: {new}." if new else ""
    hint_en = f" Perhaps renamed to: {new}." if new else ""
    return Finding(
        code="missing-column",
        severity="blocking",
        text=Text(
            ko=f"원천 자료에 있어야 할 열이 없습니다: {names}.{hint_ko}",
            en=f"The source no longer has: {names}.{hint_en}",
        ),
        count=len(staged.missing_columns),
        column=staged.missing_columns[0],
    )


def unknown_columns(staged: Staged, expectations: Expectations, previous_rows: int | None) -> Finding | None:
    if not staged.unknown_columns:
        return None
    names = ", ".join(staged.unknown_columns)
    return Finding(
        code="unknown-column",
        severity="warning",
        text=Text(
            ko=f"설명되지 않은 열은 공개하지 않았습니다: {names}.",
            en=f"Columns that are not described were left out: {names}.",
        ),
        count=len(staged.unknown_columns),
        column=staged.unknown_columns[0],
    )


def too_few_rows(staged: Staged, expectations: Expectations, previous_rows: int | None) -> Finding | None:
    if staged.accepted >= expectations.min_rows:
        return None
    return Finding(
        code="too-few-rows",
        severity="blocking",
        text=Text(
            ko=f"공개할 수 있는 레코드가 {staged.accepted:,}개뿐입니다. 최소 {expectations.min_rows:,}개가 필요합니다.",
            en=f"Only {staged.accepted:,} of at least {expectations.min_rows:,} expected records could be published.",
        ),
        count=staged.accepted,
    )


def far_fewer_rows(staged: Staged, expectations: Expectations, previous_rows: int | None) -> Finding | None:
    if (
        previous_rows is None
        or expectations.min_share is None
        or staged.accepted >= previous_rows * expectations.min_share
    ):
        return None
    return Finding(
        code="far-fewer-rows",
        severity="blocking",
        text=Text(
            ko=f"레코드가 지난번 {previous_rows:,}개에서 {staged.accepted:,}개로 줄었습니다. "
            f"최소 비율은 {percent(expectations.min_share)}입니다.",
            en=f"Down from {previous_rows:,} records to {staged.accepted:,}; "
            f"at least {percent(expectations.min_share)} of them are expected.",
        ),
        count=staged.accepted,
    )


def too_many_refused(staged: Staged, expectations: Expectations, previous_rows: int | None) -> Finding | None:
    limit = expectations.max_rejected_share
    if limit is None or not staged.rows or staged.refused <= staged.rows * limit:
        return None
    return Finding(
        code="too-many-refused",
        severity="blocking",
        text=Text(
            ko=f"{staged.rows:,}행 가운데 {staged.refused:,}행이 거절되었습니다. 허용 비율은 {percent(limit)}입니다.",
            en=f"{staged.refused:,} of {staged.rows:,} rows were refused; at most {percent(limit)} may be.",
        ),
        count=staged.refused,
    )


def percent(share: float) -> str:
    return f"{share * 100:g}%"


Check = Callable[[Staged, Expectations, int | None], Finding | None]
CHECKS: tuple[Check, ...] = (missing_columns, unknown_columns, too_few_rows, far_fewer_rows, too_many_refused)

CHECK_TITLES: Mapping[str, Text] = {
    "missing-column": Text(ko="없어진 열", en="missing column"),
    "unknown-column": Text(ko="설명되지 않은 열", en="undescribed column"),
    "too-few-rows": Text(ko="레코드 부족", en="too few records"),
    "far-fewer-rows": Text(ko="레코드 급감", en="far fewer records than last time"),
    "too-many-refused": Text(ko="거절 과다", en="too many refused records"),
}
