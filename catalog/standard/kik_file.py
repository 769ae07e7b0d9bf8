"""The ministry's list of region codes (행정안전부 KIKcd, xlsx, with abolished codes) to a table of regions.

Two layouts: ``KIKcd_B`` holds legal codes (법정동) down to 리; ``KIKcd_H`` administrative ones (행정동), which are the same for
provinces and districts only, so that nothing below is taken from it. What the shipped table knows besides (English names,
successors, later changes than the file's) is kept.
"""

import csv
import datetime as dt
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook

from catalog.errors import BadDocument
from catalog.standard.regions import LEVELS, shorten
from catalog.standard.romanise import romanise_place
from catalog.standard.tables import SHIPPED, read_csv
from catalog.text import Text

HEADS = ("시도명", "시군구명", "읍면동명", "동리명")
CODE_HEADS: Mapping[str, int] = {"법정동코드": 10, "행정동코드": 5}  # head: the longest code that is a legal one
COLUMNS = ("code", "ko", "en", "uri", "from", "until", "parent", "successor", "note")
BRANCH_OFFICE = "출장소"
FIRST_DAY = "1988-04-23"  # the day the code system began: earlier than the list can tell
SLACK = dt.timedelta(days=3)  # between the end of a code and the beginning of the one after it


@dataclass(frozen=True)
class RegionRow:
    """One row of the table of regions; ``ko`` is the region's own name."""

    code: str
    ko: str
    en: str = ""
    uri: str = ""
    since: str = ""
    until: str = ""
    parent: str = ""
    successors: tuple[str, ...] = ()
    note: str = ""

    def cells(self) -> tuple[str, ...]:
        successors = "|".join(self.successors)
        return (self.code, self.ko, self.en, self.uri, self.since, self.until, self.parent, successors, self.note)


def read_kik_file(path: Path) -> list[RegionRow]:
    """Read the ministry's file into region rows, joined with the shipped table, in the order of their codes."""
    listed = {row.code: row for row in sorted(read_rows(path), key=lambda row: row.until or "9999")}
    shipped = {row["code"]: read_shipped(row) for row in read_csv(SHIPPED / "region.csv")}
    joined = shipped | {code: join_rows(row, shipped.get(code)) for code, row in listed.items()}
    return sorted(with_successors(joined), key=lambda row: (len(row.code) > LEVELS[0], row.code))


def write_region_table(rows: list[RegionRow], path: Path) -> None:
    """Write a table of regions beside its place and rename it there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(f".{os.getpid()}.part")
    with beside.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(row.cells() for row in rows)
    beside.replace(path)


def read_rows(path: Path) -> Iterator[RegionRow]:
    """Yield the regions of the file; its dates say when a code was made and when it was gone, not its last day."""
    heads, *rows = read_sheet(path)
    places = {str(head).strip(): place for place, head in enumerate(heads)}
    code_head = next((head for head in CODE_HEADS if head in places), None)
    if code_head is None or not {"시도명", "생성일자", "말소일자"} <= places.keys():
        raise_bad(
            path,
            ko=f"첫 줄에 {' 또는 '.join(CODE_HEADS)}, 시도명, 생성일자, 말소일자가 있어야 합니다",
            en=f"the first row must hold {' or '.join(CODE_HEADS)}, 시도명, 생성일자 and 말소일자",
        )
    records = [{head: str(row[place]).strip() for head, place in places.items()} for row in rows if any(row)]
    begun = {read_day(record["생성일자"], path) for record in records}
    cities: dict[str, str] = {}
    for record in records:
        code = read_code(record[code_head], path)
        names = [record[head] for head in HEADS if record.get(head)]
        if len(code) > CODE_HEADS[code_head] or BRANCH_OFFICE in "".join(names):
            continue
        name = names[-1] if names else code
        if len(code) == LEVELS[1]:
            cities[f"{code[:2]} {name}"] = code
        city, _, own = name.rpartition(" ") if len(code) == LEVELS[1] else ("", "", name)
        since = read_day(record["생성일자"], path)
        yield RegionRow(
            code=code,
            ko=own,
            since="" if since == FIRST_DAY else since,
            until=last_day(read_day(record["말소일자"], path), begun),
            parent=cities.get(f"{code[:2]} {city}", "") if city else "",
        )


def read_sheet(path: Path) -> list[list[object]]:
    try:
        rows = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()
    except (CalamineError, OSError) as error:
        raise BadDocument(
            form="KIKcd", where=path.name, reason=Text(ko="엑셀(xlsx) 파일이 아닙니다", en="not an xlsx file")
        ) from error
    return rows or [[]]


def read_code(code: str, path: Path) -> str:
    if len(code) != LEVELS[-1] or not code.isdigit():
        raise_bad(path, ko=f"'{code}'은(는) 10자리 코드가 아닙니다", en=f"'{code}' is no code of ten digits")
    return shorten(code)


def read_day(cell: str, path: Path) -> str:
    """Read ``20230611``, also as Excel gives it (``20230611.0``), as an ISO date; empty stays empty."""
    digits = cell.removesuffix(".0").replace("-", "")
    if not digits:
        return ""
    try:
        return dt.datetime.strptime(digits, "%Y%m%d").date().isoformat()
    except ValueError:
        raise_bad(path, ko=f"'{cell}'은(는) 날짜가 아닙니다", en=f"'{cell}' is no date")


def last_day(gone: str, begun: set[str]) -> str:
    """Return the last day of a code: the day before it was gone, where other codes begin on that day, else that day."""
    if gone and gone in begun:
        return (dt.date.fromisoformat(gone) - dt.timedelta(days=1)).isoformat()
    return gone


def read_shipped(row: Mapping[str, str]) -> RegionRow:
    return RegionRow(
        code=row["code"],
        ko=row["ko"],
        en=row["en"],
        uri=row["uri"],
        since=row["from"],
        until=row["until"],
        parent=row["parent"],
        successors=tuple(part for part in row["successor"].split("|") if part),
        note=row["note"],
    )


def join_rows(listed: RegionRow, shipped: RegionRow | None) -> RegionRow:
    """Take dates and names from the ministry's list, the rest from the shipped table; its note goes, as it is verified now."""
    if shipped is None:
        return replace(listed, en=romanise_place(listed.ko))
    return replace(
        shipped,
        ko=listed.ko,
        since=listed.since,
        until=shipped.until if is_close(listed.until, shipped.until) else listed.until or shipped.until,
        note="" if listed.until or not shipped.until else shipped.note,
    )


def is_close(day: str, other: str) -> bool:
    """Tell whether two days are the same but for the ministry's habit of closing a code a day or two before."""
    return bool(day and other) and abs(dt.date.fromisoformat(day) - dt.date.fromisoformat(other)) <= SLACK


def with_successors(rows: Mapping[str, RegionRow]) -> Iterator[RegionRow]:
    """Say what came after the places of a district that changed its code: the same ending there, else the same name."""
    inside: dict[tuple[str, str], list[str]] = {}
    for row in rows.values():
        inside.setdefault((row.code[: LEVELS[1]], row.ko), []).append(row.code)
    for row in rows.values():
        district = rows.get(row.code[: LEVELS[1]])
        if not row.until or row.successors or len(row.code) <= LEVELS[1] or district is None:
            yield row
            continue
        found: list[str] = []
        for after in district.successors:
            same = [after + row.code[LEVELS[1] :], *inside.get((after, row.ko), ())]
            found += [code for code in same if code in rows and rows[code].ko == row.ko and follows(rows[code], row)][
                :1
            ]
        yield replace(row, successors=tuple(found))


def follows(later: RegionRow, earlier: RegionRow) -> bool:
    if len(later.code) != len(earlier.code) or not later.since:
        return False
    between = dt.date.fromisoformat(later.since) - dt.date.fromisoformat(earlier.until)
    return dt.timedelta(0) < between <= SLACK


def raise_bad(path: Path, *, ko: str, en: str) -> None:
    raise BadDocument(form="KIKcd", where=path.name, reason=Text(ko=ko, en=en))
