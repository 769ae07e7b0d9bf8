"""The one statement of a question in the words of each SQL: placeholders, the hour of a moment, a box."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from tests.benchmarks.peers.questions import Parameters, Question

PARAMETER = re.compile(r":(\w+)")
KEYSET = "(observed_at, sensor_id) > (:observed_at, :sensor)"


@dataclass(frozen=True)
class Dialect:
    """``placeholder`` writes a parameter, ``hour`` the hour that a reading is of, ``box`` and ``after`` conditions."""

    placeholder: str
    hour: str = "date_trunc('hour', observed_at)"
    box: str = "longitude BETWEEN :west AND :east AND latitude BETWEEN :south AND :north"
    after: str = KEYSET

    def statement(self, question: Question) -> str:
        told = question.statement.replace(KEYSET, self.after).replace("{hour}", self.hour).replace("{box}", self.box)
        return PARAMETER.sub(lambda found: self.placeholder.format(found[1]), told)


DUCKDB = Dialect("${}", after=f"observed_at >= :observed_at AND {KEYSET}")
SQLITE = Dialect(":{}", hour="substr(observed_at, 1, 13)")
POSTGRESQL = Dialect("%({})s", box="point(longitude, latitude) <@ box(point(:west, :south), point(:east, :north))")
CKAN = Dialect("%({})s")
DATAFUSION = Dialect(
    ":{}", after="(observed_at > :observed_at OR (observed_at = :observed_at AND sensor_id > :sensor))"
)


def as_texts(parameters: Parameters, *, offset: str = "") -> dict[str, str]:
    """Write parameters as text; moments as ISO 8601 in Korean time, with the ``offset`` where one is wanted."""
    return {
        name: value.isoformat() + offset if hasattr(value, "isoformat") else str(value)
        for name, value in parameters.items()
    }


def with_literals(statement: str, parameters: Parameters) -> str:
    """Put parameters into a statement for a peer that takes none; the values are our own."""
    return PARAMETER.sub(lambda found: literal(parameters[found[1]]), statement)


def literal(value: object) -> str:
    if hasattr(value, "isoformat"):
        return f"TIMESTAMP '{value}'"
    return str(value) if isinstance(value, (int, float)) else "'" + str(value).replace("'", "''") + "'"


def used(statement: str, values: Mapping[str, object]) -> dict[str, object]:
    """Return the values that a statement of DuckDB names."""
    return {name: value for name, value in values.items() if f"${name}" in statement}
