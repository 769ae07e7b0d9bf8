"""From inferred columns to a schema that can be published: names, types, the key, where records lie and when they are of.

Every part is a proposal for a steward: what is only guessed (a coordinate system by its numbers) is said to be a guess.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from catalog.records.findings import Finding
from catalog.records.inferred import InferredColumn
from catalog.records.places import KOREA
from catalog.records.schema import (
    COORDINATE_SYSTEMS,
    DEFAULT_MISSING,
    NAME_PATTERN,
    RESERVED_NAMES,
    Column,
    Geometry,
    Schema,
)
from catalog.text import Text

LONGEST_NAME, LONGEST_KEY = 60, 80
LOSSY = frozenset({"leading-zeros", "long-digits", "damaged"})  # another type would lose what the text holds
EAST = re.compile(
    r"경도|longitude|(^|[_\W])(lon|lng|long|x)($|[_\W\d])|x ?좌표|좌표.{0,6}x|xcrd|(?-i:[a-z](Lon|Lng|X)$)",
    re.IGNORECASE,
)
NORTH = re.compile(
    r"위도|latitude|(^|[_\W])(lat|y)($|[_\W\d])|y ?좌표|좌표.{0,6}y|ycrd|(?-i:[a-z](Lat|Y)$)", re.IGNORECASE
)
KEY_NAME = re.compile(
    r"관리번호|코드|아이디|.+번호|(^|[_\s])(id|cd|code)$|(?-i:[a-z](Id|ID|Cd|Code)$)|^(gid|fid|uuid|mgtno)$",
    re.IGNORECASE,
)
COUNTER_NAME = re.compile(r"^(연번|순번|번호|no|num|rnum|rn|seq|row_?num)$", re.IGNORECASE)
NO_EVENT = re.compile(r"기준일|수정일|등록일|갱신일|update|modified|created|reg", re.IGNORECASE)
EVENT = re.compile(r"측정|관측|발생|수집|일시|observed|measured|datetime|dataTime|dttm", re.IGNORECASE)
ENOUGH_ROWS = 20  # to call a column a key by its values alone
CODE_IN_NAME = re.compile(r"(?<!\d)(4326|5174|5179|5181|5186)(?!\d)")

GUESSED_CRS = Text(
    ko="좌표가 미터 단위입니다. 값의 범위로 보아 {crs}로 짐작합니다(다른 후보: {others}). 지도에서 맞는지 확인하십시오.",
    en="the coordinates are in metres; by their numbers a guess is {crs} (others: {others}); check them on a map.",
)
UNKNOWN_CRS = Text(
    ko="'{east}', '{north}' 열은 좌표 같지만 값의 범위({x:.0f}, {y:.0f})로 좌표계를 알 수 없습니다.",
    en="'{east}' and '{north}' look like coordinates, but their numbers ({x:.0f}, {y:.0f}) fit no known system.",
)
SWAPPED = Text(
    ko="'{east}' 열에 위도가, '{north}' 열에 경도가 들어 있어 값에 따라 바꾸어 제안합니다.",
    en="'{east}' holds latitudes and '{north}' longitudes; they are proposed the other way round, as their values say.",
)
OTHER_TYPE = Text(
    ko="플랫폼은 '{column}' 열을 {told}(이)라고 하지만 값이 그렇지 않아 {found}(으)로 제안합니다.",
    en="the platform says that '{column}' is of type {told}, but its values are not; {found} is proposed.",
)


@dataclass(frozen=True)
class Proposal:
    schema: Schema | None
    keys: tuple[str, ...]
    crs_guesses: tuple[str, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Place:
    """Two columns that tell where a record lies, and the systems that they may be in, the likeliest first."""

    east: InferredColumn
    north: InferredColumn
    systems: tuple[str, ...]
    finding: Finding | None = None


def propose(columns: Sequence[InferredColumn], names: Mapping[str, str], told: Mapping[str, Column]) -> Proposal:
    """Propose a schema; ``names`` are wished for by the columns' names at the platform."""
    if not columns:
        return Proposal(None, (), (), ())
    name_of = dict(zip((column.source for column in columns), unique_names(columns, names), strict=True))
    types = {column.source: agreed_type(column, told.get(column.source)) for column in columns}
    findings = [finding for column in columns if (finding := contradiction(column, told.get(column.source), types))]
    place = find_place(columns)
    if place and place.finding:
        findings.append(place.finding)
    is_placed = place is not None and bool(place.systems)
    if place and is_placed:
        types |= {place.east.source: "number", place.north.source: "number"}
    keys = [name_of[column.source] for column in key_candidates(columns, types, place)]
    shape = next((column for column in columns if types[column.source] == "geometry"), None)
    geometry, guesses = None, ()
    if shape:
        geometry = Geometry(column=name_of[shape.source], crs="EPSG:4326")
    elif place and is_placed:
        east, north = name_of[place.east.source], name_of[place.north.source]
        geometry, guesses = Geometry(longitude=east, latitude=north, crs=place.systems[0]), place.systems
    key = next((name_of[column.source] for column in key_candidates(columns, types, place) if is_key(column)), "")
    time = find_time(columns, types)
    schema = Schema(
        columns=tuple(
            proposed_column(column, name_of[column.source], types[column.source], told.get(column.source))
            for column in columns
        ),
        key=(key,) if key else (),
        geometry=geometry,
        time=name_of[time.source] if time else "",
    )
    return Proposal(schema, tuple(keys), guesses, tuple(findings))


def proposed_column(column: InferredColumn, name: str, kind: str, told: Column | None) -> Column:
    has_hangul = any("가" <= letter <= "힣" for letter in column.source)
    return Column(
        name=name,
        type=kind,
        title=(told.title if told and told.title else Text(ko=column.source) if has_hangul else Text()),
        description=told.description if told else Text(),
        source="" if column.source == name else column.source,
        unit=told.unit if told else "",
        missing=(*DEFAULT_MISSING, *column.unusual_missing) if column.unusual_missing and kind != "string" else None,
        code_list=told.code_list if told else "",
    )


def agreed_type(column: InferredColumn, told: Column | None) -> str:
    """Return the type: what the platform says where the values agree, else what they are."""
    if told is None or not told.type or contradicts(column, told):
        return column.type
    if told.type == "string" and column.type != "integer":  # platforms call text what they know nothing of
        return column.type
    return told.type


def contradicts(column: InferredColumn, told: Column) -> bool:
    if told.type == "string" or not column.filled:
        return False
    return told.type not in column.reads or column.because in LOSSY


def contradiction(column: InferredColumn, told: Column | None, types: Mapping[str, str]) -> Finding | None:
    if told is None or not told.type or not contradicts(column, told):
        return None
    text = OTHER_TYPE.format(column=column.source, told=told.type, found=types[column.source])
    return Finding("told-type", "warning", text, column.filled, column.source)


def unique_names(columns: Sequence[InferredColumn], names: Mapping[str, str]) -> Iterator[str]:
    """Yield a valid name for each column: the one wished for, else its own, else its number."""
    taken: set[str] = set()
    for position, column in enumerate(columns, start=1):
        wished = valid_name(names.get(column.source, "")) or valid_name(column.source) or f"column_{position}"
        name, number = wished, 2
        while name in taken:
            name, number = f"{wished}_{number}", number + 1
        taken.add(name)
        yield name


def valid_name(text: str) -> str:
    """Return a text as the name of a column (``stationName`` is ``station_name``); "" when too little of it is left."""
    if sum(letter.isalnum() and not letter.isascii() for letter in text):
        return ""
    words = re.sub(r"([a-z\d])([A-Z])|([A-Z]+)([A-Z][a-z])", r"\1\3_\2\4", text)
    name = re.sub(r"[^a-z\d]+", "_", words.lower()).strip("_")[:LONGEST_NAME].strip("_")
    if name and name[0].isdigit():
        name = f"c_{name}"
    if name in RESERVED_NAMES:
        name = f"{name}_value"
    return name if NAME_PATTERN.match(name) else ""


def find_place(columns: Sequence[InferredColumn]) -> Place | None:
    """Return the two columns that tell where a record lies, by their names or by their numbers."""
    numbers = [column for column in columns if column.middle and column.because == ""]
    named = named_pair(numbers)
    if named:
        return judge_pair(*named)
    east = [column for column in numbers if lies_in(column, KOREA.west, KOREA.east)]
    north = [column for column in numbers if lies_in(column, KOREA.south, KOREA.north)]
    if len(east) == len(north) == 1:
        return Place(east[0], north[0], ("EPSG:4326",))
    return None


def named_pair(numbers: Sequence[InferredColumn]) -> tuple[InferredColumn, InferredColumn] | None:
    """Return the first two columns that are called east and north; degrees come before metres."""
    east = [column for column in numbers if EAST.search(column.source) and not NORTH.search(column.source)]
    north = [column for column in numbers if NORTH.search(column.source) and not EAST.search(column.source)]
    pairs = [(one, other) for one in east for other in north]
    degrees = [pair for pair in pairs if all(abs(median(column)) <= 180 for column in pair)]
    return next(iter(degrees or pairs), None)


def judge_pair(east: InferredColumn, north: InferredColumn) -> Place:
    x, y = median(east), median(north)
    if in_korea(y, x):
        text = SWAPPED.format(east=east.source, north=north.source)
        return Place(north, east, ("EPSG:4326",), Finding("swapped-coordinates", "warning", text, 0, east.source))
    if in_korea(x, y) or (abs(x) <= 180 and abs(y) <= 90):
        return Place(east, north, ("EPSG:4326",))
    systems = tuple(guess_systems(f"{east.source} {north.source}", x, y))
    if len(systems) == 1:
        return Place(east, north, systems)
    if not systems:
        text = UNKNOWN_CRS.format(east=east.source, north=north.source, x=x, y=y)
        return Place(east, north, (), Finding("unknown-crs", "warning", text, 0, east.source))
    text = GUESSED_CRS.format(crs=systems[0], others=", ".join(systems[1:]))
    return Place(east, north, systems, Finding("guessed-crs", "warning", text, 0, east.source))


def guess_systems(names: str, x: float, y: float) -> Iterator[str]:
    """Yield the systems in which a typical place lies in Korea; a number in the columns' names decides.

    The belts differ by 100 km in the north (5181 and 5186), which no number alone can tell: most people live where
    Seoul's latitude has 430,000 to 475,000 m in the one and 530,000 to 575,000 m in the other. 5174 differs by 300 m.
    """
    if found := CODE_IN_NAME.search(names):
        yield f"EPSG:{found[1]}"
    elif 740_000 < x < 1_420_000 and 1_400_000 < y < 2_200_000:
        yield "EPSG:5179"
    elif -100_000 < x < 600_000 and -70_000 < y < 720_000:
        if "좌표정보" in names:  # the licence data of local governments
            order = ("5174", "5181", "5186")
        elif y > 510_000:
            order = ("5186",) if y > 575_000 else ("5186", "5181", "5174")
        elif y < 40_000 or 430_000 < y < 475_000:
            order = ("5181", "5174", "5186")
        else:
            order = ("5186", "5181", "5174")
        yield from (f"EPSG:{number}" for number in order if f"EPSG:{number}" in COORDINATE_SYSTEMS)


def median(column: InferredColumn) -> float:
    return column.middle[1] if column.middle else 0.0


def lies_in(column: InferredColumn, low: float, high: float) -> bool:
    """Tell whether nearly all numbers lie between two others, and not on whole numbers."""
    return column.type == "number" and column.middle is not None and low <= column.middle[0] <= column.middle[2] <= high


def in_korea(x: float, y: float) -> bool:
    return KOREA.west <= x <= KOREA.east and KOREA.south <= y <= KOREA.north


def key_candidates(
    columns: Sequence[InferredColumn], types: Mapping[str, str], place: Place | None
) -> list[InferredColumn]:
    """Return the columns that tell records apart, those that are called so first, mere counters last."""
    coordinates = {place.east.source, place.north.source} if place else set()
    found = [
        column
        for column in columns
        if column.is_unique
        and column.filled == column.rows
        and types[column.source] in ("string", "integer")
        and column.source not in coordinates
        and column.longest <= LONGEST_KEY
    ]
    return sorted(
        found, key=lambda column: (bool(COUNTER_NAME.search(column.source)), not KEY_NAME.search(column.source))
    )


def is_key(column: InferredColumn) -> bool:
    """Tell whether a candidate may be proposed: called a key, or unique over enough rows; no counter of rows is."""
    if COUNTER_NAME.search(column.source):
        return False
    return bool(KEY_NAME.search(column.source)) or column.rows >= ENOUGH_ROWS


def find_time(columns: Sequence[InferredColumn], types: Mapping[str, str]) -> InferredColumn | None:
    """Return the column that tells when a record is of, rather than when it was written down."""
    timed = [
        column
        for column in columns
        if types[column.source] in ("date", "datetime") and column.filled and not NO_EVENT.search(column.source)
    ]
    ranked = sorted(timed, key=lambda one: (not EVENT.search(one.source), types[one.source] != "datetime"))
    return next(iter(ranked), None)
