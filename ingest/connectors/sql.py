"""The records of one SELECT, read from a platform's database: PostgreSQL, MariaDB, MySQL or Oracle.

One statement, in a read-only transaction that ends after its seconds; how each database is spoken to is in
``databases.py``, what counts as a SELECT in ``sql_statement.py``. Values become what JSON knows, without loss: ``VALUES``
is the table of it. The protocols themselves tell the end of the rows; a connection that ends before is an error. What was
read is kept as JSON lines, so that it can be read again without the database.
"""

import datetime as dt
import decimal
import ipaddress
import itertools
import math
import re
import ssl
import tempfile
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import Literal, Self
from urllib.parse import SplitResult, unquote, urlsplit
from zoneinfo import ZoneInfo, available_timezones

import orjson
from pydantic import Field, SecretStr, field_validator, model_validator

from ingest.addresses import NEVER_PORTS, objection
from ingest.connectors.by_column import ByColumn, Piece, Row, by_column, rows_of
from ingest.connectors.cursor_values import Value
from ingest.connectors.database_reading import AT_ONCE, Place
from ingest.connectors.databases import DATABASES, Database
from ingest.connectors.presets import known_preset, on_preset
from ingest.connectors.progress import EVERYTHING, Progressive, Window, read_new
from ingest.connectors.sql_statement import check_statement
from ingest.errors import BadSetup, ForbiddenAddress, Text, TooLarge, UnreadableAnswer
from ingest.http import Session, trusted_authorities

NO_PORT = Text(ko="{port}번 포트는 데이터베이스의 것이 아닙니다.", en="port {port} belongs to no database.")
NOT_IN_PLAIN = Text(
    ko='공개망의 데이터베이스는 TLS로만 읽습니다. tls = "none"은 사설망에서만 쓸 수 있습니다.',
    en='a database on the public network is read by TLS only; tls = "none" is for private networks.',
)
NO_AUTHORITIES = Text(
    ko="인증 기관의 PEM 파일이 아닙니다 ({reason}).", en="it is no PEM file of authorities ({reason})."
)
TWICE = Text(
    ko="같은 이름의 열이 둘 이상입니다({names}). AS로 이름을 지으십시오.",
    en="more than one column is called {names}; name them with AS.",
)
BYTES = Text(
    ko="열 '{name}'의 값이 바이트입니다. 쿼리에서 글자나 수로 바꾸십시오(예: encode, TO_BASE64, RAWTOHEX, ST_AsGeoJSON, CAST).",
    en="column '{name}' holds bytes; make text or a number of them in the query (encode, TO_BASE64, RAWTOHEX, ST_AsGeoJSON, CAST).",
)
UNKNOWN = Text(
    ko="열 '{name}'의 값({kind})은 읽을 수 없는 종류입니다. 쿼리에서 CAST로 글자로 바꾸십시오.",
    en="column '{name}' holds values of a kind that is not read ({kind}); make them text in the query, with CAST.",
)
TOO_MANY_ROWS = Text(ko="{count}행", en="{count} rows")

SQL = "sql"
NAME = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)?")  # of a table or column, also with its schema
TIME_ZONE, YEAR = attrgetter("tzinfo"), attrgetter("year")
WHOLE_MINUTES_SINCE = 1973  # that of Monrovia was the last offset with seconds, until 1972
PLACE = re.compile(r"\{([a-z_]+)\}")


class Config(Progressive, frozen=True, extra="forbid"):
    preset: str | None = Field(None, description="Name of the preset whose values lie below the given ones.")
    url: str = Field(
        description="The database: postgresql://user@host:port/database; mariadb and mysql likewise, and oracle with "
        "the name of the service. No password in it."
    )
    password: SecretStr = Field(min_length=1, description="The user's password.")
    query: str = Field(min_length=1, max_length=20_000, description="One SELECT, without comments.")
    values: dict[str, str] = Field(
        default_factory=dict, description="Names of tables and columns that stand in the query at the places {name}."
    )
    cursor_column: str | None = Field(
        None, min_length=1, description="A column of the answer that grows; rows are read in its order."
    )
    after: str | int | float | None = Field(
        None, description="Only rows whose cursor_column is more than this; a moment is given with its offset."
    )
    tls: Literal["verified", "none"] = Field(
        "verified",
        description="none: in plain, on private networks only; the certificate is always verified otherwise.",
    )
    ca_file: str | None = Field(
        None, min_length=1, description="PEM file under the hub's file roots with the authorities of the certificate."
    )
    timezone: str = Field("Asia/Seoul", description="The zone of dates with a time that say none themselves.")
    timeout: int = Field(300, ge=1, le=3600, description="Seconds that the whole reading may take.")
    max_rows: int = Field(10_000_000, ge=1, description="More rows than this are refused.")

    @model_validator(mode="before")
    @classmethod
    def lies_on_its_preset(cls, given: object) -> object:
        return on_preset(given, SQL) if isinstance(given, Mapping) else given

    @field_validator("preset")
    @classmethod
    def is_known(cls, name: str | None) -> str | None:
        return known_preset(name, SQL)

    @field_validator("values")
    @classmethod
    def are_names(cls, values: dict[str, str]) -> dict[str, str]:
        for place, name in values.items():
            if not NAME.fullmatch(name):
                raise ValueError(f"{place}: give the name of a table or column, as events or city.events")
        return values

    @field_validator("url")
    @classmethod
    def is_a_database(cls, url: str) -> str:
        parts = parse_address(url)
        if parts.scheme not in DATABASES:
            raise ValueError(f"databases of the kind '{parts.scheme}' are not read; allowed: {', '.join(DATABASES)}")
        if parts.password is not None:
            raise ValueError("the password is not written in the address but named in password")
        if not parts.hostname or not parts.username or not parts.path.strip("/") or parts.query or parts.fragment:
            raise ValueError("give scheme://user@host:port/database and nothing after it")
        return url

    @field_validator("timezone")
    @classmethod
    def is_a_zone(cls, timezone: str) -> str:
        if timezone not in available_timezones():
            raise ValueError(f"unknown time zone '{timezone}'; usual ones: Asia/Seoul, UTC")
        return timezone

    @model_validator(mode="after")
    def is_one_select(self) -> Self:
        if self.after is not None and self.cursor_column is None:
            raise ValueError("after needs the name of a column in cursor_column")
        if self.tls == "none" and self.ca_file is not None:
            raise ValueError('ca_file means nothing with tls = "none"')
        if self.incremental and self.cursor_column is not None:
            raise ValueError("cursor_column and after mean nothing with incremental; its field is the column")
        if self.incremental and self.incremental.field is None:
            raise ValueError("incremental.field must name the column")
        if self.preset and (empty := [name for name in PLACE.findall(self.query) if name not in self.values]):
            raise ValueError(
                f"values.{empty[0]} must say what {{{empty[0]}}} of the preset's query is in this database"
            )
        check_statement(self.filled_query, self.database.tongue)
        return self

    @property
    def filled_query(self) -> str:
        """The query with its places filled; braces that are no place of ``values`` stay as they are."""
        return PLACE.sub(lambda place: self.values.get(place[1], place[0]), self.query)

    @property
    def database(self) -> Database:
        return DATABASES[urlsplit(self.url).scheme]


def parse_address(url: str) -> SplitResult:
    """Take an address apart; what cannot be is refused without repeating it, for it may hold a password."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 (it is judged when asked for)
    except ValueError:
        raise ValueError("give scheme://user@host:port/database") from None
    return parts


def read(config: Config, http: Session) -> Iterator[Row]:
    """Yield the rows that the SELECT finds, in the order of the cursor column if there is one."""
    return rows_of(hand_over(config, http))


def hand_over(config: Config, http: Session) -> Iterator[Piece]:
    """Yield the rows in pages."""
    http.keep_secret(config.password.get_secret_value())
    if config.incremental:
        return read_new(config.incremental, http, partial(read_window, config=config, http=http), is_ordered=True)
    return read_window(EVERYTHING, config, http)


def read_window(window: Window, config: Config, http: Session) -> Iterator[Sequence[Row]]:
    bounds = "/".join(".." if bound is None else str(written(bound, config)) for bound in (window.since, window.until))
    location = shown_place(config, http) + (f"#{bounds}" if config.incremental else "")
    return map(by_column, http.keep_rows(location, partial(select_pages, config, window, http)))


def select_pages(config: Config, window: Window, http: Session) -> Iterator[Sequence[Row]]:
    statement, values = statement_of(config, window)
    with place_of(config, http) as place, config.database.select(place, statement, values) as found:
        if twice := [name for name, times in Counter(found.names).items() if times > 1]:
            raise BadSetup(where="query", problem=TWICE.format(names=", ".join(twice)))
        rows, count = iter(found.rows), 0
        while page := list(itertools.islice(rows, AT_ONCE)):
            count += len(page)
            if count > config.max_rows:
                raise TooLarge(address=place.shown, limit=TOO_MANY_ROWS.format(count=f"{config.max_rows:,}"))
            told = zip(found.names, zip(*page, strict=True), strict=True)
            columns = {name: plain_column(values, name, place) for name, values in told}
            yield ByColumn([found.names], [0] * len(page), columns)


def statement_of(config: Config, window: Window = EVERYTHING) -> tuple[str, list[object]]:
    """Return the statement that is run and its values; nothing of the configuration but names becomes text of it."""
    query = check_statement(config.filled_query, config.database.tongue)
    name = config.incremental.field if config.incremental else config.cursor_column
    if name is None:
        return query, []
    column = config.database.quoted(name)
    around = config.database.around
    bounds: list[tuple[str, object]] = []
    if config.after is not None:
        bounds.append((">", cursor_value(config.after, ZoneInfo(config.timezone))))
    if window.since is not None:
        bounds.append((">=", written(window.since, config)))
    if window.until is not None:
        bounds.append(("<", written(window.until, config)))
    if not bounds:
        return f"{around.format(query=query)} ORDER BY {column}", []
    if config.database.value == "%s":  # these drivers read % as a place for a value wherever values are given
        query, column = query.replace("%", "%%"), column.replace("%", "%%")
    places = (config.database.value.format(at=at) for at in range(1, len(bounds) + 1))
    condition = " AND ".join(f"{column} {sign} {place}" for (sign, _), place in zip(bounds, places, strict=True))
    values = [config.database.bind(value) for _, value in bounds]
    return f"{around.format(query=query)} WHERE {condition} ORDER BY {column}", values


def written(bound: Value, config: Config) -> Value:
    """Return a bound as the database compares it: a time as the wall clock of the zone, or as the cursor's format says."""
    if not isinstance(bound, dt.datetime) or config.incremental is None:
        return bound
    format, moment = config.incremental.format, bound.astimezone(ZoneInfo(config.timezone))
    if format in EPOCHS:
        return int(moment.timestamp() * EPOCHS[format])
    if format:
        return moment.strftime(format)
    return (
        moment.date().isoformat() if config.incremental.kind == "date" else moment.replace(tzinfo=None).isoformat(" ")
    )


EPOCHS: Mapping[str, int] = {"epoch": 1, "epoch-ms": 1000}


def cursor_value(after: str | int | float, zone: ZoneInfo) -> str | int | float:
    """Return a moment with an offset as the wall clock of the zone, as which databases understand it without one."""
    if not isinstance(after, str):
        return after
    try:
        moment = dt.datetime.fromisoformat(after)
    except ValueError:
        return after
    return after if moment.tzinfo is None else moment.astimezone(zone).replace(tzinfo=None).isoformat(" ")


@contextmanager
def place_of(config: Config, http: Session) -> Iterator[Place]:
    """Judge the address and give the place that is then connected to; a name is resolved here and never again."""
    parts = parse_address(config.url)
    host, port = parts.hostname or "", parts.port or config.database.port
    shown = shown_place(config, http)
    addresses = judge(config, http, host, port)
    with authorities_of(config, http) as authorities:
        yield Place(
            shown=shown,
            host=host,
            port=port,
            addresses=addresses,
            database=unquote(parts.path.strip("/")),
            user=unquote(parts.username or ""),
            password=config.password.get_secret_value(),
            authorities=authorities,
            seconds=config.timeout,
            zone=ZoneInfo(config.timezone),
            mask=http.mask,
            alive=http.alive,
            judge=partial(judge, config, http),
        )


def judge(config: Config, http: Session, host: str, port: int) -> Sequence[str]:
    """Return the addresses of a database or of where it leads to; ForbiddenAddress where one may not be gone to."""
    shown = shown_place(config, http)
    if port in NEVER_PORTS - {database.port for database in DATABASES.values()}:
        raise ForbiddenAddress(address=shown, reason=NO_PORT.format(port=port))
    addresses = http.addresses_of(host, port)
    if config.tls == "none" and any(is_public(address) for address in addresses):
        raise ForbiddenAddress(address=shown, reason=NOT_IN_PLAIN)
    return addresses


def shown_place(config: Config, http: Session) -> str:
    parts = parse_address(config.url)
    return http.mask(f"{parts.scheme}://{parts.hostname}:{parts.port or config.database.port}{parts.path}")


def is_public(address: str) -> bool:
    return objection(ipaddress.ip_address(address), allow_private=False) is None


@contextmanager
def authorities_of(config: Config, http: Session) -> Iterator[Path | None]:
    """Give the PEM file of the authorities that are believed: the one named, else the source's with the system's.

    None without TLS.
    """
    if config.tls == "none":
        yield None
    elif config.ca_file is not None:
        path = http.find_file(config.ca_file)
        try:
            ssl.create_default_context(cafile=str(path))
        except (OSError, ValueError) as error:
            raise BadSetup(where="ca_file", problem=NO_AUTHORITIES.format(reason=error)) from error
        yield path
    else:
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
            trusted = trusted_authorities(http.authorities).get_ca_certs(binary_form=True)
            file.writelines(map(ssl.DER_cert_to_PEM_cert, trusted))
            file.flush()
            yield Path(file.name)


def plain_column(values: Sequence[object], name: str, place: Place) -> Sequence[object]:
    """Return the values of a column as JSON has them."""
    kinds = frozenset(map(type, values))
    if kinds <= AS_IT_IS or (kinds == {float} and all(map(math.isfinite, values))):
        return values
    if kinds == {dt.datetime}:
        return moment_texts(values, place.zone)
    return [value if type(value) in AS_IT_IS else plain(value, name, place) for value in values]


def plain(value: object, name: str, place: Place) -> object:
    """Return the value as JSON has it."""
    kind = type(value)
    if kind in AS_IT_IS:
        return value
    if kind is dt.datetime:
        return moment_text(value, place.zone)
    if kind in VALUES:
        return VALUES[kind](value)
    if isinstance(value, dict):
        return {str(key): plain(part, name, place) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part, name, place) for part in value]
    is_bytes = isinstance(value, bytes | bytearray | memoryview)
    reason = BYTES.format(name=name) if is_bytes else UNKNOWN.format(name=name, kind=kind.__name__)
    raise UnreadableAnswer(address=place.shown, format="SQL", reason=reason)


AS_IT_IS = frozenset({str, int, bool, type(None)})


def moment_texts(moments: Sequence[dt.datetime], zone: ZoneInfo) -> Sequence[str]:
    """Return moments as text; ``orjson`` writes them as ``isoformat`` does, but rounds the offsets of old local times."""
    if None not in map(TIME_ZONE, moments) and min(map(YEAR, moments)) >= WHOLE_MINUTES_SINCE:
        return orjson.loads(orjson.dumps(moments))
    return [moment_text(moment, zone) for moment in moments]


def moment_text(value: dt.datetime, zone: ZoneInfo) -> str:
    return (value if value.tzinfo else value.replace(tzinfo=zone)).isoformat()


def number_or_name(value: float) -> float | str:
    """JSON has no infinity and no NaN; they stay as their names."""
    return value if math.isfinite(value) else str(value)


def clock_text(value: dt.timedelta) -> str:
    """Return MariaDB's TIME, a span of up to 838 hours either way, as ``HH:MM:SS``."""
    seconds, sign = abs(value), "-" if value < dt.timedelta() else ""
    minutes, rest = divmod(seconds.days * 86_400 + seconds.seconds, 60)
    fraction = f".{seconds.microseconds:06}" if seconds.microseconds else ""
    return f"{sign}{minutes // 60:02}:{minutes % 60:02}:{rest:02}{fraction}"


# Exact decimals are text: a number of JSON would be read as a float somewhere.
VALUES: Mapping[type, Callable[..., object]] = {
    float: number_or_name,
    decimal.Decimal: lambda value: format(value, "f"),
    dt.date: dt.date.isoformat,
    dt.time: dt.time.isoformat,
    dt.timedelta: clock_text,
    uuid.UUID: str,
    ipaddress.IPv4Address: str,
    ipaddress.IPv6Address: str,
    ipaddress.IPv4Interface: str,
    ipaddress.IPv6Interface: str,
    ipaddress.IPv4Network: str,
    ipaddress.IPv6Network: str,
}
