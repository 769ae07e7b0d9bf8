"""The questions, each with its statement, 200 seeded sets of parameters, and what two right answers have in common.

Statements are told once, with ``:name`` for parameters and ``{hour}`` and ``{box}`` where dialects differ; a peer that
has a better way of asking the same thing writes it in its own module.
"""

import datetime as dt
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import duckdb

from tests.benchmarks.peers.data import (
    DISTRICTS,
    FAC_COLUMNS,
    HEIGHT,
    MOST_NUMBERS,
    NEIGHBOURHOODS,
    OBS_COLUMNS,
    SOUTH,
    START,
    WEST,
    WIDTH,
    Data,
)

SETS = 200
CHECKED = 5  # sets whose answers are compared with the right ones before anything is timed
PAGE = 100
GROUPS = 1_000
Parameters = Mapping[str, object]
Rows = Sequence[Mapping[str, object]]
OBS, FAC = ", ".join(OBS_COLUMNS), ", ".join(FAC_COLUMNS)
BETWEEN = "observed_at >= :start AND observed_at < :end"


@dataclass(frozen=True)
class Question:
    """One question. ``compare`` maps an answer to what every right answer to it has; None where bytes are counted."""

    name: str
    title: str
    statement: str
    make: Callable[[Data, random.Random], Parameters]
    compare: Callable[[Rows, Parameters], object] | None
    sets: int = SETS

    def parameters(self, data: Data) -> list[Parameters]:
        chance = random.Random(f"{self.name} {data.rows} {data.facilities}")
        return [self.make(data, chance) for _ in range(self.sets)]


def any_sensor(data: Data, chance: random.Random) -> Parameters:
    return {"sensor": f"S{chance.randrange(data.sensors):04}"}


def interval(**length: float) -> Callable[[Data, random.Random], Parameters]:
    """Return the maker of an interval of this length somewhere in the data, from a whole hour on."""

    def make(data: Data, chance: random.Random) -> Parameters:
        span = min(dt.timedelta(**length), data.end - START)
        hours = int((data.end - START - span).total_seconds() // 3600)
        start = START + dt.timedelta(hours=chance.randint(0, hours))
        return {"start": start, "end": start + span}

    return make


def any_box(data: Data, chance: random.Random) -> Parameters:
    west = round(WEST + chance.random() * (WIDTH - 0.01), 4)
    south = round(SOUTH + chance.random() * (HEIGHT - 0.01), 4)
    return {"west": west, "south": south, "east": round(west + 0.01, 4), "north": round(south + 0.01, 4)}


def two_syllables(data: Data, chance: random.Random) -> Parameters:
    word = chance.choice(NEIGHBOURHOODS)
    return {"word": word, "pattern": f"%{word}%"}


def longer_word(data: Data, chance: random.Random) -> Parameters:
    word = f"{chance.choice(NEIGHBOURHOODS)}동 제{chance.randint(10, MOST_NUMBERS)}"
    return {"word": word, "pattern": f"%{word}%"}


def any_offset(data: Data, chance: random.Random) -> Parameters:
    return {"offset": data.rows // 10 + chance.randrange(min(20_000, data.rows // 10))}


def any_condition(data: Data, chance: random.Random) -> Parameters:
    return {"district": chance.choice(DISTRICTS), "least": chance.randint(20, 140)}


def first_tenth(data: Data, chance: random.Random) -> Parameters:
    return {"start": START, "end": data.exported_until}


def nothing(data: Data, chance: random.Random) -> Parameters:
    return {}


def readings_in_order(rows: Rows, asked: Parameters) -> object:
    return [(row["sensor_id"], minute(row["observed_at"]), number(row["pm10"])) for row in rows]


def greatest_values(rows: Rows, asked: Parameters) -> object:
    """Ties may stand in any order."""
    return [number(row["pm10"]) for row in rows]


def groups(rows: Rows, asked: Parameters) -> object:
    return [(row["district"], minute(row["hour"])[:13], round(number(row["pm10"]), 4)) for row in rows]


def inside(rows: Rows, asked: Parameters) -> object:
    """Any 100 of the facilities in the box are right."""
    west, south, east, north = (float(str(asked[side])) for side in ("west", "south", "east", "north"))
    good = {
        row["facility_id"]
        for row in rows
        if west <= number(row["longitude"]) <= east and south <= number(row["latitude"]) <= north
    }
    return len(good), len(rows)


def holding(rows: Rows, asked: Parameters) -> object:
    """Any 100 of the facilities with the word are right."""
    return len({row["facility_id"] for row in rows if str(asked["word"]) in str(row["name"])}), len(rows)


def total(rows: Rows, asked: Parameters) -> object:
    return int(number(rows[0]["n"]))


def minute(value: object) -> str:
    return str(value).replace(" ", "T")[:16]


def number(value: object) -> float:
    return float(str(value))


HOURS = f"SELECT district, {{hour}} AS hour, avg(pm10) AS pm10 FROM obs WHERE {BETWEEN} GROUP BY 1, 2 ORDER BY 1, 2 LIMIT {GROUPS}"
QUESTIONS: Mapping[str, Question] = {
    question.name: question
    for question in (
        Question(
            "key",
            "latest 100 of a key",
            f"SELECT {OBS} FROM obs WHERE sensor_id = :sensor ORDER BY observed_at DESC LIMIT {PAGE}",
            any_sensor,
            readings_in_order,
        ),
        Question(
            "window",
            "6 h window, sorted, 100",
            f"SELECT {OBS} FROM obs WHERE {BETWEEN} ORDER BY pm10 DESC LIMIT {PAGE}",
            interval(hours=6),
            greatest_values,
        ),
        Question("day", "avg by district and hour, 1 day", HOURS, interval(days=1), groups),
        Question("month", "the same, 30 days", HOURS, interval(days=30), groups),
        Question("repeat", "the same, always the same 30 days", HOURS, interval(days=30), groups, sets=1),
        Question(
            "box",
            "bbox, 100",
            f"SELECT {FAC} FROM fac WHERE {{box}} LIMIT {PAGE}",
            any_box,
            inside,
        ),
        Question(
            "word2",
            "Korean substring, two syllables",
            f"SELECT {FAC} FROM fac WHERE name LIKE :pattern LIMIT {PAGE}",
            two_syllables,
            holding,
        ),
        Question(
            "word5",
            "Korean substring, five letters or more",
            f"SELECT {FAC} FROM fac WHERE name LIKE :pattern LIMIT {PAGE}",
            longer_word,
            holding,
        ),
        Question(
            "first",
            "first page in order of time",
            f"SELECT {OBS} FROM obs ORDER BY observed_at, sensor_id LIMIT {PAGE}",
            nothing,
            readings_in_order,
            sets=1,
        ),
        Question(
            "offset",
            "offset of a tenth of the table",
            f"SELECT {OBS} FROM obs ORDER BY observed_at, sensor_id LIMIT {PAGE} OFFSET :offset",
            any_offset,
            readings_in_order,
        ),
        Question(
            "keyset",
            "keyset deep page",
            f"SELECT {OBS} FROM obs WHERE (observed_at, sensor_id) > (:observed_at, :sensor) "
            f"ORDER BY observed_at, sensor_id LIMIT {PAGE}",
            nothing,  # places in the order of the data: see ``parameter_sets``
            readings_in_order,
        ),
        Question(
            "count",
            "filtered count",
            "SELECT count(*) AS n FROM obs WHERE district = :district AND pm10 >= :least",
            any_condition,
            total,
        ),
        Question(
            "export",
            "CSV export of a tenth of the table",
            f"SELECT {OBS} FROM obs WHERE {BETWEEN}",
            first_tenth,
            None,
            sets=1,
        ),
    )
}


def parameter_sets(question: Question, data: Data) -> list[Parameters]:
    """Return the sets of parameters that everyone is asked with."""
    return keyset_places(data) if question.name == "keyset" else question.parameters(data)


def keyset_step(data: Data) -> int:
    """Return how many rows lie between two places of the keyset question: at most a page of the hub."""
    return max(PAGE, min(10_000, data.rows // 1_000))


def keyset_places(data: Data) -> list[Parameters]:
    """Return the last row of each page of ``keyset_step`` rows, as paging through the table would meet them."""
    step = keyset_step(data)
    most = min(SETS, data.rows // step - 1)
    with duckdb.connect() as connection:
        found = connection.execute(
            f"SELECT observed_at, sensor_id FROM read_parquet('{data.path('obs', 'parquet')}', file_row_number = true) "
            f"WHERE file_row_number % {step} = {step - 1} AND file_row_number < {most * step} ORDER BY file_row_number"
        ).fetchall()
    return [{"observed_at": moment, "sensor": sensor} for moment, sensor in found]
