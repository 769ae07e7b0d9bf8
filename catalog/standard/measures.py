"""What is measured beyond the EU's points: how fresh the data really is, and how sound its records are.

Reported beside the points in the words of the Korean quality assessment (정합성, 완전성, 일관성, 유효성, 명확성) where one fits.
A measure is a share between 0 and 1; without anything to measure it says why and what would make it measurable.
"""

import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalog.standard.evidence import Evidence, Finding, Publication, Reference, Source
from catalog.standard.forms import is_blank
from catalog.standard.vocabularies import vocabulary
from catalog.text import Text

Description = Mapping[str, Any]

# A daily run that takes a few minutes longer than yesterday's is not late.
GRACE = 0.1
WATCHED = 20  # publications that freshness looks back on
NAMED = 8  # things named in a sentence
NUMERIC = frozenset({"integer", "number"})
DURATION = re.compile(
    r"P(?:(?P<years>[\d.]+)Y)?(?:(?P<months>[\d.]+)M)?(?:(?P<weeks>[\d.]+)W)?(?:(?P<days>[\d.]+)D)?"
    r"(?:T(?:(?P<hours>[\d.]+)H)?(?:(?P<minutes>[\d.]+)M)?(?:(?P<seconds>[\d.]+)S)?)?\Z"
)
DAYS_IN: Mapping[str, float] = {"years": 365.25, "months": 30.4375, "weeks": 7, "days": 1}


@dataclass(frozen=True)
class Measure:
    """One row: ``word`` is the Korean assessment's word for it, empty where it has none."""

    identifier: str
    word: Text
    label: Text
    measures: Text
    mend: Text
    take: Callable[[Description, Evidence], "Reading"]


@dataclass(frozen=True)
class Reading:
    """What was measured: a share from 0 to 1 (None: nothing to measure), in words, and where that can be checked."""

    share: float | None
    text: Text
    references: tuple[Reference, ...] = ()
    mend: Text = Text()


@dataclass(frozen=True)
class Measured:
    measure: Measure
    share: float | None
    text: Text
    references: tuple[Reference, ...]
    mend: Text


def measure_all(description: Description, evidence: Evidence) -> tuple[Measured, ...]:
    """Take every measure; the sentence that says how to mend is there when a share is below 1."""
    taken = [(measure, measure.take(description, evidence)) for measure in MEASURES]
    return tuple(
        Measured(
            measure,
            reading.share,
            reading.text,
            reading.references,
            reading.mend or (measure.mend if reading.share is not None and reading.share < 1 else Text()),
        )
        for measure, reading in taken
    )


def take_freshness(description: Description, evidence: Evidence) -> Reading:
    """Compare the intervals between publications, and the time since the last one, with what was promised."""
    promise = promised(description)
    if promise is None:
        return Reading(None, NO_PROMISE, field_references("frequency", "collection_interval"), PROMISE)
    if not evidence.publications:
        return Reading(None, NO_RECORDS)
    interval, place = promise
    allowed = interval * (1 + GRACE) + delay_of(description)
    waits = waits_between(evidence.publications[:WATCHED], evidence.now)
    kept = sum(wait <= allowed for wait in waits)
    text = FRESHNESS.format(
        promised=tell_time(interval), since=tell_time(waits[0]), worst=tell_time(max(waits)), kept=kept, all=len(waits)
    )
    snapshots = tuple(Reference(Source.SNAPSHOT, each.snapshot) for each in evidence.publications[:1])
    return Reading(kept / len(waits), text, (*field_references(place), *snapshots))


def promised(description: Description) -> tuple[dt.timedelta, str] | None:
    """Return how often new data was promised and the field that promises it; None when nothing measurable is."""
    if interval := read_duration(description.get("collection_interval", "")):
        return interval, "collection_interval"
    frequency = vocabulary("frequency").get(description.get("frequency", ""))
    return (dt.timedelta(days=frequency.days), "frequency") if frequency and frequency.days else None


def delay_of(description: Description) -> dt.timedelta:
    return read_duration(description.get("promised_delay", "")) or dt.timedelta()


def read_duration(text: str) -> dt.timedelta | None:
    """Return an ISO 8601 duration as a length of time (a month is a twelfth of a year); None when it is none."""
    found = DURATION.match(text) if text else None
    if found is None:
        return None
    given = {unit: float(number) for unit, number in found.groupdict().items() if number}
    days = sum(given.pop(unit, 0) * length for unit, length in DAYS_IN.items())
    return dt.timedelta(days=days, **given)


def waits_between(publications: Sequence[Publication], now: dt.datetime) -> list[dt.timedelta]:
    """Return how long users waited for each publication after the one before was last known to be the newest, latest first.

    The first wait is the running one: from the last confirmation until now.
    """
    ends = [now, *(publication.published_at for publication in publications[:-1])]
    starts = [max(publication.published_at, publication.confirmed_at) for publication in publications]
    return [max(end - start, dt.timedelta()) for end, start in zip(ends, starts, strict=True)]


def take_accepted(description: Description, evidence: Evidence) -> Reading:
    total = evidence.records + evidence.refused
    if not total or not evidence.publications:
        return Reading(None, NO_RECORDS)
    snapshot = Reference(Source.SNAPSHOT, evidence.publications[0].snapshot)
    text = REFUSED.format(total=f"{total:,}", refused=f"{evidence.refused:,}", share=percent(evidence.refused / total))
    return Reading(1 - evidence.refused / total, text, (snapshot,))


def take_findings(*codes: str, only_places: bool = False) -> Callable[[Description, Evidence], Reading]:
    """Return the measure of the records that were not refused for one of the given reasons."""

    def take(description: Description, evidence: Evidence) -> Reading:
        if only_places and not has_places(evidence):
            return Reading(None, NO_PLACES)
        total = evidence.records + evidence.refused
        if not total or not evidence.publications:
            return Reading(None, NO_RECORDS)
        found = [finding for finding in evidence.findings if finding.code in codes]
        wrong = min(sum(finding.count for finding in found), total)
        references = (
            Reference(Source.SNAPSHOT, evidence.publications[0].snapshot),
            *(Reference(Source.FINDING, f"{finding.code}:{finding.column}") for finding in found),
        )
        return Reading(1 - wrong / total, tell_findings(found, total), references)

    return take


def tell_findings(found: Sequence[Finding], total: int) -> Text:
    if not found:
        return ALL_SOUND.format(total=f"{total:,}")
    worst = sorted(found, key=lambda finding: -finding.count)[:NAMED]
    where = ", ".join(f"{finding.column or '-'} {finding.code} {finding.count:,}" for finding in worst)
    return UNSOUND.format(total=f"{total:,}", wrong=f"{sum(finding.count for finding in found):,}", where=where)


def has_places(evidence: Evidence) -> bool:
    schema = evidence.table_schema or {}
    return bool(schema.get("geometry")) or any(each.get("type") == "geojson" for each in schema.get("fields", ()))


def take_dictionary(description: Description, evidence: Evidence) -> Reading:
    """Count what the dictionary should tell of each column: title, meaning, type, and the unit of a measured number."""
    columns = list(columns_of(description, evidence))
    if not columns:
        return Reading(None, NO_COLUMNS, field_references("columns"), TELL_COLUMNS)
    wanted = [(f"{column.place}.{item}", told) for column in columns for item, told in column.items()]
    missing = [place for place, told in wanted if not told]
    share = 1 - len(missing) / len(wanted)
    text = DICTIONARY.format(columns=len(columns), wanted=len(wanted), told=len(wanted) - len(missing))
    named = ", ".join(missing[:NAMED]) + ("…" if len(missing) > NAMED else "")
    mend = FILL.format(places=named) if missing else Text()
    return Reading(share, text, (Reference(Source.SCHEMA), *field_references(*missing[:NAMED])), mend)


@dataclass(frozen=True)
class Told:
    """What a dictionary says of one column."""

    place: str
    title: bool
    description: bool
    type: bool
    unit: bool | None  # None: it needs none

    def items(self) -> Iterator[tuple[str, bool]]:
        """Yield what is wanted of the column, and whether it is told."""
        yield "title", self.title
        yield "description", self.description
        yield "type", self.type
        if self.unit is not None:
            yield "unit", self.unit


def columns_of(description: Description, evidence: Evidence) -> Iterator[Told]:
    """Yield the columns of the records that the hub serves, else those of the description."""
    if evidence.table_schema:
        schema = evidence.table_schema
        keys = {*schema.get("primaryKey", ()), *(schema.get("geometry") or {}).values()}
        for field in schema.get("fields", ()):
            needs_unit = field.get("type") in NUMERIC and field["name"] not in keys and not has_codes(field)
            yield Told(
                place=field["name"],
                title=not is_blank(field.get("titles") or field.get("title")),
                description=not is_blank(field.get("descriptions") or field.get("description")),
                type=not is_blank(field.get("type")),
                unit=not is_blank(field.get("unit")) if needs_unit else None,
            )
        return
    for column in description.get("columns", ()):
        needs_unit = column.get("type") in NUMERIC and not column.get("is_key") and is_blank(column.get("values"))
        yield Told(
            place=column.get("name", ""),
            title=not is_blank(column.get("title")),
            description=not is_blank(column.get("description")),
            type=not is_blank(column.get("type")),
            unit=not is_blank(column.get("unit")) if needs_unit else None,
        )


def has_codes(field: Mapping[str, Any]) -> bool:
    return bool((field.get("constraints") or {}).get("enum"))


def field_references(*places: str) -> tuple[Reference, ...]:
    return tuple(Reference(Source.FIELD, place) for place in places)


def percent(share: float) -> str:
    return f"{share * 100:.2f}%" if 0 < share < 0.1 else f"{share * 100:.0f}%"


SPANS: tuple[tuple[float, str, str], ...] = (  # at least so many seconds, in Korean, in English
    (365.25 * 86400, "년", "years"),
    (30.4375 * 86400, "개월", "months"),
    (86400, "일", "days"),
    (3600, "시간", "hours"),
    (60, "분", "minutes"),
    (0, "초", "seconds"),
)


def tell_time(span: dt.timedelta) -> Text:
    """Return a length of time in its largest unit that fits, with one decimal where that says more."""
    seconds = max(span.total_seconds(), 0)
    least, korean, english = next(row for row in SPANS if seconds >= row[0])
    number = seconds / (least or 1)
    shown = f"{number:.0f}" if number >= 10 or abs(number - round(number)) < 0.05 else f"{number:.1f}"
    return Text(ko=f"{shown}{korean}", en=f"{shown} {english.removesuffix('s') if shown == '1' else english}")


NO_RECORDS = Text(
    ko="이 허브가 내는 레코드가 없어 잴 것이 없습니다", en="the hub serves no records of it: nothing to measure"
)
NO_PLACES = Text(ko="좌표가 없는 자료입니다", en="the records have no place")
NO_COLUMNS = Text(ko="열 설명이 없습니다", en="there is no column dictionary")
TELL_COLUMNS = Text(
    ko="열의 이름, 뜻, 형식, 단위를 적어 주십시오", en="tell the columns' names, meanings, types and units"
)
NO_PROMISE = Text(ko="갱신을 약속하지 않아 견줄 것이 없습니다", en="no update is promised: nothing to compare with")
PROMISE = Text(ko="갱신 주기나 수집 간격을 적어 주십시오", en="state the update frequency or the collection interval")
FRESHNESS = Text(
    ko="약속은 {promised}마다이고, 마지막 확인 뒤 {since} 지났습니다. 최근 {all}번 가운데 {kept}번 지켰고 가장 길게는 {worst} 걸렸습니다",
    en="promised every {promised}, last confirmed {since} ago; kept {kept} of the last {all} times, the longest wait was {worst}",
)
REFUSED = Text(
    ko="들어온 레코드 {total}건 가운데 {refused}건({share})을 거절했습니다",
    en="{refused} of {total} records that came in were refused ({share})",
)
ALL_SOUND = Text(ko="레코드 {total}건에서 어긋난 것이 없습니다", en="nothing is wrong in {total} records")
UNSOUND = Text(
    ko="레코드 {total}건 가운데 {wrong}건이 어긋났습니다: {where}", en="{wrong} of {total} records are wrong: {where}"
)
DICTIONARY = Text(
    ko="열 {columns}개에 있어야 할 설명 {wanted}가지 가운데 {told}가지가 있습니다",
    en="{told} of the {wanted} things to say about {columns} columns are said",
)
FILL = Text(ko="열 설명에서 다음을 채워 주십시오: {places}", en="fill these in the column dictionary: {places}")


def row(
    identifier: str,
    word: tuple[str, str],
    take: Callable[[Description, Evidence], Reading],
    label: tuple[str, str],
    measures: tuple[str, str],
    mend: tuple[str, str],
) -> Measure:
    """Return a measure from one row of the table; texts are (Korean, English)."""
    return Measure(identifier, Text(*word), Text(*label), Text(*measures), Text(*mend), take)


# fmt: off
MEASURES: tuple[Measure, ...] = (
    row("freshness", ("", ""), take_freshness,
        ("약속과 실제의 갱신", "Promised against observed freshness"),
        ("약속한 주기 안에 실제로 갱신된 비율 (최근 20번)", "The share of updates that came within the promised time (the last 20)"),
        ("수집이 멈추었는지 살피고, 지킬 수 있는 주기로 약속을 고쳐 주십시오", "see whether collection has stopped, or promise what can be kept")),
    row("accepted", ("", ""), take_accepted,
        ("거절되지 않은 레코드", "Records not refused"),
        ("들어온 레코드 가운데 공개된 비율", "The share of the records that came in that were published"),
        ("거절된 레코드의 사유를 원천 시스템의 담당 부서에 알려 주십시오", "hand the reasons of refusal to the office that runs the source system")),
    row("validity", ("유효성", "Validity"),
        take_findings("not-text", "not-integer", "not-number", "not-boolean", "not-date", "not-datetime", "not-time",
                      "not-geometry", "not-in-list", "below-minimum", "above-maximum", "unreadable-message"),
        ("형식과 범위에 맞는 값", "Values of the right form and range"),
        ("값의 형식이나 범위가 틀려 거절된 레코드를 뺀 비율", "The share of records not refused for a value's form or range"),
        ("원천의 값을 고치거나 열의 형식과 범위를 바로잡아 주십시오", "mend the values at the source, or the column's type and range")),
    row("completeness", ("완전성", "Completeness"),
        take_findings("missing-value", "too-few-fields", "missing-column"),
        ("빠지지 않은 값", "Values that are there"),
        ("꼭 있어야 할 값이 비어 거절된 레코드를 뺀 비율", "The share of records not refused for a missing value"),
        ("원천에서 빈 값을 채워 주십시오", "fill the empty values at the source")),
    row("consistency", ("일관성", "Consistency"),
        take_findings("duplicate-key", "too-many-fields", "unknown-column"),
        ("겹치지 않는 레코드", "Records without doubles"),
        ("키가 겹치거나 칸이 어긋나 거절된 레코드를 뺀 비율", "The share of records not refused for a repeated key or a shifted row"),
        ("원천에서 겹친 레코드를 정리해 주십시오", "remove doubled records at the source")),
    row("coordinates", ("정합성", "Coherence"),
        take_findings("half-coordinate", "swapped-coordinates", "outside-area", "outside-region", "no-place",
                      only_places=True),
        ("맞는 좌표", "Valid coordinates"),
        ("좌표가 바뀌었거나 나라 밖이거나 반쪽이라 거절된 레코드를 뺀 비율", "The share of records not refused for wrong coordinates"),
        ("좌표계와 위도·경도의 차례를 확인해 주십시오", "check the coordinate system and the order of latitude and longitude")),
    row("dictionary", ("명확성", "Clarity"), take_dictionary,
        ("열 설명의 충실도", "Completeness of the dictionary"),
        ("열마다 제목, 뜻, 형식과 (수라면) 단위가 있는 비율", "The share of title, meaning, type and (of numbers) unit that is told of the columns"),
        ("열 설명을 채워 주십시오", "fill the column dictionary")),
)
# fmt: on
