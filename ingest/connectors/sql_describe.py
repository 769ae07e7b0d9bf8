"""What a database says of the columns of a SELECT: their types and the comments on the tables that they come from.

No row is read; where the database can be asked for none of them, it is.
"""

import dataclasses
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from ingest.connectors.database_reading import Selection
from ingest.connectors.described import Checked, Described, DescribedColumn, told_text
from ingest.connectors.sql import Config, place_of
from ingest.connectors.sql_statement import check_statement
from ingest.http import Session


def check(config: Config, http: Session, clock: Callable[[], float] = time.monotonic) -> Checked:
    """Prove that the statement may be run."""
    started = clock()
    with select_none(config, http):
        return Checked(clock() - started)


def describe(config: Config, http: Session) -> Described:
    """Describe the columns; MariaDB and MySQL know the tables behind them only of the statement itself."""
    with select_none(config, http, itself=not config.database.keeps_origins) as found:
        kinds = found.kinds or ("",) * len(found.names)
        columns = list(map(DescribedColumn, found.names, kinds))
        origins = found.origins or (("", ""),) * len(columns)
    comments = comments_of(config, http, origins)
    titles = (told_text(comments.get(origin)) for origin in origins)
    return Described(
        columns=tuple(dataclasses.replace(column, title=title) for column, title in zip(columns, titles, strict=True))
    )


@contextmanager
def select_none(config: Config, http: Session, *, itself: bool = False) -> Iterator[Selection]:
    http.keep_secret(config.password.get_secret_value())
    query = check_statement(config.filled_query, config.database.tongue)
    statement = query if itself else f"{config.database.around.format(query=query)} WHERE 1 = 0"
    with place_of(config, http) as place, config.database.select(place, statement, []) as found:
        yield found


def comments_of(
    config: Config, http: Session, origins: Sequence[tuple[object, object]]
) -> Mapping[tuple[object, object], str]:
    """Return the comments on the columns that a SELECT takes as they are; those that it computes have none."""
    tables = sorted({table for table, _ in origins if table}, key=str)
    if not tables:
        return {}
    places = ", ".join(["%s"] * len(tables))
    statement = config.database.comments.format(tables=places)
    with place_of(config, http) as place, config.database.select(place, statement, tables) as found:
        return {(table, column): comment for table, column, comment in found.rows if comment}
