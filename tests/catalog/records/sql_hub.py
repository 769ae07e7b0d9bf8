"""Two datasets in a room, and the same rows as plain tables of a plain engine: what questions in SQL are asked of."""

import datetime as dt
import functools
from decimal import Decimal
from typing import Any

import duckdb
from record_rooms import Room, make_schema, texts

from catalog.errors import HubError
from catalog.records import Limits, LoadMode, Manifest, as_dictionaries
from catalog.records.engine import KOREAN_STANDARD_TIME
from catalog.records.sql import Rows, explain_sql, parse_sql, run_sql

NOON = dt.datetime(2026, 1, 15, 3, 0, tzinfo=dt.UTC)  # in Korea
KOREA = dt.timezone(dt.timedelta(hours=9))

AIR = make_schema(
    station="string", observed_at="datetime", pm10="integer", ozone="number", is_open="boolean", built_on="date",
    opens="time", key=("station", "observed_at"), sorted_by=("observed_at",),
)  # fmt: skip
AIR_ROWS: list[dict[str, Any]] = [
    {
        "station": f"s{number % 4}",
        "observed_at": dt.datetime(2026, 1, 1 + number // 24, number % 24, tzinfo=KOREA),
        "pm10": None if number % 7 == 0 else number * 13 % 97,
        "ozone": None if number % 11 == 0 else round(number * 0.37 % 3, 3),
        "is_open": [True, False, None][number % 3],
        "built_on": dt.date(2020, 1, 1) + dt.timedelta(days=number % 5),
        "opens": "09:00" if number % 2 else "10:30",
    }
    for number in range(120)
]
STATIONS = make_schema(station="string", district="string", people="integer", key=("station",))
STATION_ROWS: list[dict[str, Any]] = [
    {"station": "s0", "district": "강남구", "people": 9_007_199_254_740_993},
    {"station": "s1", "district": "종로구", "people": 120},
    {"station": "s2", "district": "강남구", "people": None},
    {"station": "s9", "district": "a'b\"c; --", "people": 7},
]
CHANGED = {"station": "s1", "district": "중구", "people": 130}


class Hub:
    """Datasets in a room, and the same rows as plain tables of a plain engine."""

    def __init__(self, folder) -> None:
        self.room = Room(folder / "records")
        for place in (folder, self.room.store.root):
            place.mkdir(parents=True, exist_ok=True)
            (place / "canary.csv").write_text("secret\nleaked\n", encoding="utf-8")
        air = functools.reduce(
            lambda before, rows: self.room.write(texts(rows), AIR, LoadMode.APPEND, before),
            [AIR_ROWS[:48], AIR_ROWS[48:96], AIR_ROWS[96:]],
            None,
        )
        stations = self.room.write(texts(STATION_ROWS), STATIONS)
        stations = self.room.write(texts([CHANGED]), STATIONS, LoadMode.UPSERT, stations)
        self.manifests: dict[str, Manifest] = {"air": air, "air-stations": stations}
        self.plain = duckdb.connect()
        self.plain.execute(f"SET TimeZone = '{KOREAN_STANDARD_TIME}'")
        self.plain.execute(
            "CREATE TABLE air (station VARCHAR, observed_at TIMESTAMPTZ, pm10 BIGINT, ozone DOUBLE, is_open BOOLEAN, "
            "built_on DATE, opens VARCHAR)"
        )
        self.plain.executemany("INSERT INTO air VALUES (?, ?, ?, ?, ?, ?, ?)", [list(row.values()) for row in AIR_ROWS])
        self.plain.execute("CREATE TABLE air_stations (station VARCHAR, district VARCHAR, people BIGINT)")
        current = [CHANGED if row["station"] == "s1" else row for row in STATION_ROWS]
        self.plain.executemany("INSERT INTO air_stations VALUES (?, ?, ?)", [list(row.values()) for row in current])

    def ask(self, sql: str, *, rows: int = 1_000, limits: Limits | None = None) -> Rows:
        statement = parse_sql(sql, NOON)
        return run_sql(statement, self.known(statement), self.room.store, limits or self.room.limits, rows=rows)

    def known(self, statement) -> dict[str, Manifest]:
        missing = set(statement.datasets) - set(self.manifests)
        if missing:
            raise HubError(missing=sorted(missing))
        return {slug: self.manifests[slug] for slug in statement.datasets}

    def records(self, sql: str) -> list[dict[str, Any]]:
        answer = self.ask(sql)
        return list(as_dictionaries(answer.rows, answer.schema))

    def explain(self, sql: str):
        statement = parse_sql(sql, NOON)
        return explain_sql(statement, self.known(statement), self.room.store, self.room.limits, rows=10)


def plainly(rows: list[dict[str, Any]]) -> list[list[Any]]:
    return [[plain(value) for value in row.values()] for row in rows]


def plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() and value.as_tuple().exponent == 0 else float(value)
    if isinstance(value, dt.datetime):
        return (value if value.tzinfo else value.replace(tzinfo=KOREA)).astimezone(dt.UTC)
    return round(value, 9) if isinstance(value, float) else value
