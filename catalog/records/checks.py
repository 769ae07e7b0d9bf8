"""The checks of a whole answer, as one table: what each is called, what it looks for, what it says.

Here stand those that only need the account of the answer; those that look at the records are in ``record_checks.py``.
How grave a finding is stands with the expectation that it belongs to (``expectations.py``).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from catalog.records import record_checks
from catalog.records.findings import Finding
from catalog.records.inspection import Found, Inspection, percent
from catalog.records.reasons import explain
from catalog.records.schema import TYPES
from catalog.records.staged import Staged
from catalog.text import Text

SHOWN_NAMES = 20


def refused_findings(staged: Staged) -> list[Finding]:
    """Tell each kind of refusal once, with its count and an example."""
    findings = []
    for (code, column), refused in staged.reasons.most_common():
        example = staged.samples[code, column][0]
        columns = staged.schema.key if code == "duplicate-key" else (column,)
        text = Text(
            ko="{count}개 레코드를 공개하지 않았습니다: {where}{why} ({row}번째 행)",
            en="{count} not published: {where}{why} (row {row})",
        ).format(
            count=counted(refused),
            where=f"{column}: " if column else "",
            why=explain(code, staged.told(example["value"], *columns)),
            row=example["row"],
        )
        findings.append(Finding(code=code, severity="warning", text=text, count=refused, column=column))
    return findings


def counted(records: int) -> Text:
    return Text(ko=f"{records:,}", en=f"{records:,} record{'' if records == 1 else 's'}")


def missing_columns(inspection: Inspection) -> Iterator[Found]:
    missing = inspection.drift.missing
    if not missing:
        return
    names = listed([column.column for column in missing])
    new = listed(inspection.staged.unknown_columns)
    hint_ko = f" 이름이 바뀐 열일 수 있습니다: {new}." if new else ""
    hint_en = f" Perhaps renamed to: {new}." if new else ""
    text = Text(
        ko=f"원천 자료에 있어야 할 열이 없습니다: {names}.{hint_ko}",
        en=f"The source no longer has: {names}.{hint_en}",
    )
    yield Found(text, len(missing), missing[0].column)


def new_columns(inspection: Inspection) -> Iterator[Found]:
    new = [column.name for column in inspection.drift.new]
    if not new or inspection.expectations.new_columns == "leave-out":
        return
    text = Text(
        ko=f"전에 없던 열이 왔습니다: {listed(new)}. 설명해서 받아들일지, 빼고 공개할지 정해 주십시오.",
        en=f"The source has new columns: {listed(new)}. Decide whether to describe them or to leave them out.",
    )
    yield Found(text, len(new), new[0])


def undescribed_columns(inspection: Inspection) -> Iterator[Found]:
    held = () if inspection.expectations.new_columns == "leave-out" else inspection.drift.new
    names = sorted({*inspection.staged.unknown_columns} - {column.name for column in held})
    if not names:
        return
    text = Text(
        ko=f"설명되지 않은 열은 공개하지 않았습니다: {listed(names)}.",
        en=f"Columns that are not described were left out: {listed(names)}.",
    )
    yield Found(text, len(names), names[0])


def retyped_columns(inspection: Inspection) -> Iterator[Found]:
    for column in inspection.drift.retyped:
        examples = inspection.staged.told(", ".join(f"'{text}'" for text in column.examples), column.name)
        text = Text(
            ko="{name}: 값의 {share}가 '{declared}'(으)로 읽히지 않고 '{now}'(으)로 보입니다: {examples}.",
            en="{name}: {share} of the values no longer read as {declared} but look like {now}: {examples}.",
        ).format(
            name=column.name,
            share=percent(column.share),
            declared=TYPES[column.declared],
            now=TYPES[column.now],
            examples=examples,
        )
        unread = inspection.staged.texts.readings[column.name].unread
        yield Found(text, unread, column.name)


def listed(names: Sequence[str]) -> str:
    more = len(names) - SHOWN_NAMES
    return ", ".join(names[:SHOWN_NAMES]) + (f" … (+{more:,})" if more > 0 else "")


def too_few_rows(inspection: Inspection) -> Iterator[Found]:
    accepted, least = inspection.staged.accepted, inspection.expectations.min_rows
    if accepted < least:
        text = Text(
            ko=f"공개할 수 있는 레코드가 {accepted:,}개뿐입니다. 최소 {least:,}개가 필요합니다.",
            en=f"Only {accepted:,} of at least {least:,} expected records could be published.",
        )
        yield Found(text, accepted)


def far_fewer_rows(inspection: Inspection) -> Iterator[Found]:
    accepted, previous = inspection.staged.accepted, inspection.previous_rows
    share = inspection.expectations.min_share
    if previous is not None and share is not None and accepted < previous * share:
        text = Text(
            ko=f"레코드가 지난번 {previous:,}개에서 {accepted:,}개로 줄었습니다. 최소 비율은 {percent(share)}입니다.",
            en=f"Down from {previous:,} records to {accepted:,}; at least {percent(share)} of them are expected.",
        )
        yield Found(text, accepted)


def far_more_rows(inspection: Inspection) -> Iterator[Found]:
    accepted, previous = inspection.staged.accepted, inspection.previous_rows
    share = inspection.expectations.max_share
    if previous and share is not None and accepted > previous * share:
        text = Text(
            ko=f"레코드가 지난번 {previous:,}개에서 {accepted:,}개로 늘었습니다. 최대 비율은 {percent(share)}입니다.",
            en=f"Up from {previous:,} records to {accepted:,}; at most {percent(share)} of them are expected.",
        )
        yield Found(text, accepted)


def too_many_refused(inspection: Inspection) -> Iterator[Found]:
    staged, share = inspection.staged, inspection.expectations.max_rejected_share
    if share is not None and staged.rows and staged.refused > staged.rows * share:
        text = Text(
            ko=f"{staged.rows:,}행 가운데 {staged.refused:,}행이 거절되었습니다. 허용 비율은 {percent(share)}입니다.",
            en=f"{staged.refused:,} of {staged.rows:,} rows were refused; at most {percent(share)} may be.",
        )
        yield Found(text, staged.refused)


MENDED: Mapping[str, Text] = {
    "swapped-mended": Text(
        ko="{count}개 레코드에서 뒤바뀐 위도와 경도를 바로잡았습니다: '{value}' ({row}번째 행)",
        en="Latitude and longitude of {count} were swapped and put right: '{value}' (row {row})",
    ),
    "outside-emptied": Text(
        ko="{count}개 레코드의 좌표가 지역 밖이어서 비웠습니다: '{value}' ({row}번째 행)",
        en="The place of {count} lies elsewhere and was left empty: '{value}' (row {row})",
    ),
}


def mended_places(code: str) -> Callable[[Inspection], Iterator[Found]]:
    """Return the check that tells how many places were mended in one way, with an example as it came."""

    def find(inspection: Inspection) -> Iterator[Found]:
        for (found, column), count in inspection.staged.mended.items():
            if found == code:
                example = inspection.staged.mended_samples[code, column]
                yield Found(MENDED[code].format(count=counted(count), **example), count, column)

    return find


@dataclass(frozen=True)
class Check:
    """One check: the expectation that it belongs to, the code and the title of its findings, and how it finds them."""

    expectation: str
    code: str
    title: Text
    find: Callable[[Inspection], Iterator[Found]]

    def findings(self, inspection: Inspection) -> Iterator[Finding]:
        severity = "blocking" if inspection.expectations.severity_of(self.expectation) == "block" else "warning"
        for found in self.find(inspection):
            yield Finding(self.code, severity, found.text, found.count, found.column)


# fmt: off
CHECKS: tuple[Check, ...] = (
    Check("missing_columns", "missing-column", Text("없어진 열", "missing column"), missing_columns),
    Check("new_columns", "new-column", Text("새로운 열", "new column"), new_columns),
    Check("undescribed_columns", "unknown-column", Text("설명되지 않은 열", "undescribed column"), undescribed_columns),
    Check("retyped_columns", "retyped-column", Text("유형이 바뀐 열", "column of another type"), retyped_columns),
    Check("swapped", "swapped-mended", Text("바로잡은 좌표", "coordinates put right"), mended_places("swapped-mended")),
    Check("outside", "outside-emptied", Text("비운 좌표", "coordinates left empty"), mended_places("outside-emptied")),
    Check("min_rows", "too-few-rows", Text("레코드 부족", "too few records"), too_few_rows),
    Check("min_share", "far-fewer-rows", Text("레코드 급감", "far fewer records than last time"), far_fewer_rows),
    Check("max_share", "far-more-rows", Text("레코드 급증", "far more records than last time"), far_more_rows),
    Check("max_rejected_share", "too-many-refused", Text("거절 과다", "too many refused records"), too_many_refused),
    Check("not_empty", "too-empty", Text("빈 값 과다", "too many empty values"), record_checks.too_empty),
    Check("unique", "not-unique", Text("유일하지 않은 값", "values that repeat"), record_checks.repeated_values),
    Check("ranges", "out-of-range", Text("범위를 벗어난 값", "values out of range"), record_checks.out_of_range),
    Check("values", "unlisted-value", Text("목록에 없는 값", "values that are not listed"), record_checks.unlisted_values),
    Check("max_age", "stale", Text("오래된 자료", "old data"), record_checks.stale),
    Check("k_anonymity", "small-group", Text("너무 작은 집단", "groups that are too small"), record_checks.small_groups),
    Check("small_cells", "small-cell", Text("너무 작은 칸", "counts that are too small"), record_checks.small_cells),
)
# fmt: on
CHECK_TITLES: Mapping[str, Text] = {check.code: check.title for check in CHECKS}
