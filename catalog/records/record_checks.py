"""Checks that look at the records of an answer; each reads the columns that it needs once."""

import datetime as dt
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from catalog.records.engine import KOREAN_STANDARD_TIME, identifier, names_of
from catalog.records.expectations import Range, read_age
from catalog.records.inspection import Found, Inspection, percent
from catalog.records.layout import ROW
from catalog.text import Text


def too_empty(inspection: Inspection) -> Iterator[Found]:
    """Columns of which too few values are filled."""
    expected, records = inspection.expectations.not_empty, inspection.staged.accepted
    if not expected or not records:
        return
    counts = ", ".join(f"count({identifier(name)}) AS {identifier(name)}" for name in expected)
    [filled] = inspection.ask(f"SELECT {counts} FROM _records", list(expected))
    for name, share in expected.items():
        if filled[name] < records * share:
            text = Text(
                ko=f"{name}: {records:,}개 레코드 가운데 {filled[name]:,}개만 값이 있습니다. 최소 비율은 {percent(share)}입니다.",
                en=f"{name}: only {filled[name]:,} of {records:,} records have a value; at least {percent(share)} should.",
            )
            yield Found(text, records - filled[name], name)


def repeated_values(inspection: Inspection) -> Iterator[Found]:
    """Columns that should tell records apart, and do not; records with an empty one are not compared."""
    for names in inspection.expectations.unique:
        filled = " AND ".join(f"{identifier(name)} IS NOT NULL" for name in names)
        statement = (
            f"SELECT CAST(sum(n - 1) AS BIGINT) AS repeated, arg_min(shown, first) AS example FROM (SELECT count(*) AS n, "
            f"min({ROW}) AS first, concat_ws(', ', {names_of(names)}) AS shown FROM _records WHERE {filled} "
            f"GROUP BY {names_of(names)} HAVING count(*) > 1)"
        )
        [found] = inspection.ask(statement, [*names, ROW])
        if repeated := found["repeated"]:
            columns, example = ", ".join(names), inspection.staged.told(found["example"][:200], *names)
            text = Text(
                ko=f"{columns}: 값이 유일해야 하는데 {repeated:,}개 레코드에서 되풀이됩니다: '{example}'.",
                en=f"{columns}: should be unique, but comes again in {repeated:,} records: '{example}'.",
            )
            yield Found(text, repeated, names[0])


def out_of_range(inspection: Inspection) -> Iterator[Found]:
    """Columns with too many values that lie outside what is plausible."""
    for name, allowed in inspection.expectations.ranges.items():
        value, asked = identifier(name), []
        if allowed.minimum is not None:
            asked.append((f"{value} < $minimum", {"minimum": allowed.minimum}))
        if allowed.maximum is not None:
            asked.append((f"{value} > $maximum", {"maximum": allowed.maximum}))
        condition = " OR ".join(condition for condition, _ in asked)
        statement = (
            f"SELECT count({value}) AS filled, count(*) FILTER ({condition}) AS strays, "
            f"arg_min({value}, {ROW}) FILTER ({condition}) AS example, min({ROW}) FILTER ({condition}) AS row FROM _records"
        )
        parameters = {key: limit for _, part in asked for key, limit in part.items()}
        [found] = inspection.ask(statement, [name, ROW], parameters)
        if found["strays"] > found["filled"] * allowed.outside:
            shown, example = f"{found['strays']:,}", inspection.staged.told(f"{found['example']:g}", name)
            text = Text(
                ko=f"{name}: {shown}개 값이 범위({range_of(allowed)})를 벗어났습니다: {example} ({found['row']}번째 행). "
                f"허용 비율은 {percent(allowed.outside)}입니다.",
                en=f"{name}: {shown} values lie outside {range_of(allowed)}: {example} (row {found['row']}); "
                f"at most {percent(allowed.outside)} may.",
            )
            yield Found(text, found["strays"], name)


def range_of(allowed: Range) -> str:
    low, high = ("" if limit is None else f"{limit:g}" for limit in (allowed.minimum, allowed.maximum))
    return f"{low}…{high}"


def unlisted_values(inspection: Inspection) -> Iterator[Found]:
    """Columns with values that their code list does not have."""
    for name, values in inspection.expectations.values.items():
        value = identifier(name)
        condition = f"{value} IS NOT NULL AND NOT list_contains($listed, CAST({value} AS VARCHAR))"
        statement = (
            f"SELECT count(*) AS strays, min({ROW}) AS row, list(DISTINCT left(CAST({value} AS VARCHAR), 100))[:5] AS examples "
            f"FROM _records WHERE {condition}"
        )
        [found] = inspection.ask(statement, [name, ROW], {"listed": list(values)})
        if found["strays"]:
            examples = ", ".join(f"'{example}'" for example in sorted(found["examples"]))
            examples = inspection.staged.told(examples, name)
            text = Text(
                ko=f"{name}: {found['strays']:,}개 값이 목록에 없습니다: {examples} ({found['row']}번째 행부터).",
                en=f"{name}: {found['strays']:,} values are not in the list: {examples} (first in row {found['row']}).",
            )
            yield Found(text, found["strays"], name)


def stale(inspection: Inspection) -> Iterator[Found]:
    """A newest value that is older than the data may be; a day is as old as its beginning in Korea."""
    limit = inspection.expectations.max_age
    name = inspection.expectations.age_of or inspection.staged.schema.time
    if limit is None or not inspection.staged.accepted:
        return
    [found] = inspection.ask(
        f"SELECT epoch_us(CAST(max({identifier(name)}) AS TIMESTAMPTZ)) AS newest FROM _records", [name]
    )
    if found["newest"] is None:
        text = Text(
            ko=f"{name}: 값이 하나도 없어 얼마나 새로운지 알 수 없습니다.",
            en=f"{name}: holds no value to tell how new the data is by.",
        )
        yield Found(text, 0, name)
        return
    newest = dt.datetime.fromtimestamp(0, ZoneInfo(KOREAN_STANDARD_TIME)) + dt.timedelta(microseconds=found["newest"])
    if inspection.moment - newest > (read_age(limit) or dt.timedelta()):
        shown = inspection.staged.told(f"{newest:%Y-%m-%d %H:%M}", name)
        text = Text(
            ko=f"{name}: 가장 새로운 값이 {shown}입니다. {limit}보다 오래되지 않아야 합니다.",
            en=f"{name}: the newest value is of {shown}; it should not be older than {limit}.",
        )
        yield Found(text, 0, name)


def small_groups(inspection: Inspection) -> Iterator[Found]:
    """Combinations of values that so few records share that somebody could be recognised; none of them is quoted."""
    anonymity = inspection.expectations.k_anonymity
    if anonymity is None:
        return
    names = names_of(anonymity.columns)
    statement = (
        f"SELECT count(*) AS groups, CAST(sum(n) AS BIGINT) AS records FROM "
        f"(SELECT count(*) AS n FROM _records GROUP BY {names} HAVING count(*) < $k)"
    )
    [found] = inspection.ask(statement, anonymity.columns, {"k": anonymity.k})
    if found["groups"]:
        columns = ", ".join(anonymity.columns)
        text = Text(
            ko=f"{columns}: 레코드가 {anonymity.k}개보다 적은 조합이 {found['groups']:,}개(레코드 {found['records']:,}개)여서 "
            "누군가를 알아볼 수 있습니다.",
            en=f"{columns}: {found['groups']:,} combinations ({found['records']:,} records) are shared by fewer than "
            f"{anonymity.k} records, so that somebody could be recognised.",
        )
        yield Found(text, found["groups"], anonymity.columns[0])


def small_cells(inspection: Inspection) -> Iterator[Found]:
    """Counts so small that somebody could be recognised; none of them is quoted."""
    for name, smallest in inspection.expectations.small_cells.items():
        value = identifier(name)
        statement = f"SELECT count(*) AS cells FROM _records WHERE {value} > 0 AND {value} < $smallest"
        [found] = inspection.ask(statement, [name], {"smallest": smallest})
        if found["cells"]:
            text = Text(
                ko=f"{name}: 1 이상 {smallest} 미만인 칸이 {found['cells']:,}개여서 누군가를 알아볼 수 있습니다.",
                en=f"{name}: {found['cells']:,} counts lie between 1 and {smallest - 1}, so that somebody could be recognised.",
            )
            yield Found(text, found["cells"], name)
