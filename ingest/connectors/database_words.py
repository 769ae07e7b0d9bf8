"""What databases say and how: their error codes, their types of columns, the comments on them; read by ``databases.py``."""

import re
from collections.abc import Mapping

from pymysql.constants import FIELD_TYPE

from ingest.errors import (
    BrokenOff,
    KeyRefused,
    PlatformFailure,
    RequestRefused,
    SourceError,
    TimedOut,
    Unreachable,
    UnreadableAnswer,
)

POSTGRESQL: Mapping[str, type[SourceError]] = {
    "08": BrokenOff,
    "22": UnreadableAnswer,  # a value does not fit the query's own conversion
    "28": KeyRefused,
    "40": PlatformFailure,  # a standby that had to cancel, a deadlock
    "53": PlatformFailure,  # no memory, no disk, too many connections
    "55": PlatformFailure,  # locked
    "57014": TimedOut,
    "57": PlatformFailure,  # being shut down
    "58": PlatformFailure,
    "XX": PlatformFailure,
}
MYSQL: Mapping[int, type[SourceError]] = {
    0: BrokenOff,
    1040: PlatformFailure,  # too many connections
    1044: KeyRefused,
    1045: KeyRefused,
    1053: PlatformFailure,  # being shut down
    1130: KeyRefused,  # this host is not let in
    1203: PlatformFailure,
    1205: PlatformFailure,  # a lock
    1213: PlatformFailure,  # a deadlock
    1226: PlatformFailure,  # the account's limit for now
    1251: KeyRefused,
    1317: PlatformFailure,  # interrupted by an administrator
    1698: KeyRefused,
    1927: PlatformFailure,  # killed
    1969: TimedOut,  # MariaDB's limit
    2003: Unreachable,
    2006: BrokenOff,
    2013: BrokenOff,
    2026: Unreachable,  # no TLS
    2059: KeyRefused,
    2061: KeyRefused,
    3024: TimedOut,  # MySQL's limit
}

ORACLE: Mapping[str, type[SourceError]] = {  # by the code of the database (ORA) or of the driver (DPY)
    "ORA-00018": PlatformFailure,  # too many sessions
    "ORA-00020": PlatformFailure,  # too many processes
    "ORA-00028": PlatformFailure,  # killed
    "ORA-01005": KeyRefused,
    "ORA-01012": BrokenOff,
    "ORA-01013": PlatformFailure,  # cancelled by an administrator
    "ORA-01017": KeyRefused,
    "ORA-01033": PlatformFailure,  # starting or ending
    "ORA-01034": PlatformFailure,
    "ORA-01045": KeyRefused,  # may not enter
    "ORA-01089": PlatformFailure,
    "ORA-01555": PlatformFailure,  # the reading took longer than the database keeps what was
    "ORA-01722": UnreadableAnswer,  # a value does not fit the query's own conversion
    "ORA-01830": UnreadableAnswer,
    "ORA-01858": UnreadableAnswer,
    "ORA-01861": UnreadableAnswer,
    "ORA-02391": PlatformFailure,  # the account's limit for now
    "ORA-03113": BrokenOff,
    "ORA-03114": BrokenOff,
    "ORA-12505": RequestRefused,  # no such SID
    "ORA-12514": RequestRefused,  # no such service
    "ORA-12516": PlatformFailure,
    "ORA-12519": PlatformFailure,
    "ORA-12520": PlatformFailure,
    "ORA-12528": PlatformFailure,
    "ORA-12537": BrokenOff,
    "ORA-28000": KeyRefused,  # locked
    "ORA-28001": KeyRefused,  # expired
    "DPY-3010": KeyRefused,  # a server older than 12.1
    "DPY-3015": KeyRefused,  # a way to log in of before 11g
    "DPY-4011": BrokenOff,
    "DPY-4024": TimedOut,
    "DPY-4027": Unreachable,
    "DPY-6000": PlatformFailure,  # the listener refuses, for now
    "DPY-6005": Unreachable,
}

# What the library says in words alone while it connects.
NO_ENTRY = re.compile(r"authentication failed|authentication method|pg_hba|password|인증", re.IGNORECASE)
NOTHING_THERE = re.compile(r"FATAL:.*(database|role|데이터베이스|롤)", re.IGNORECASE)
NOT_NOW = re.compile(r"starting up|shutting down|too many|remaining connection", re.IGNORECASE)

POSTGRESQL_KINDS: Mapping[str, str] = {
    **dict.fromkeys(("int2", "int4", "int8", "oid"), "integer"),
    **dict.fromkeys(("float4", "float8", "numeric"), "number"),
    **dict.fromkeys(("text", "varchar", "bpchar", "uuid", "name"), "string"),
    **dict.fromkeys(("timestamp", "timestamptz"), "datetime"),
    **dict.fromkeys(("time", "timetz"), "time"),
    "bool": "boolean",
    "date": "date",
}
MYSQL_KINDS: Mapping[int, str] = {
    **dict.fromkeys(
        (FIELD_TYPE.TINY, FIELD_TYPE.SHORT, FIELD_TYPE.LONG, FIELD_TYPE.INT24, FIELD_TYPE.LONGLONG), "integer"
    ),
    **dict.fromkeys((FIELD_TYPE.FLOAT, FIELD_TYPE.DOUBLE, FIELD_TYPE.DECIMAL, FIELD_TYPE.NEWDECIMAL), "number"),
    **dict.fromkeys((FIELD_TYPE.VARCHAR, FIELD_TYPE.VAR_STRING, FIELD_TYPE.STRING, FIELD_TYPE.ENUM), "string"),
    **dict.fromkeys((FIELD_TYPE.DATETIME, FIELD_TYPE.TIMESTAMP), "datetime"),
    FIELD_TYPE.YEAR: "integer",
    FIELD_TYPE.DATE: "date",
    FIELD_TYPE.NEWDATE: "date",
    FIELD_TYPE.TIME: "time",
}

# Of both the answer is (table, column, comment), as ``Selection.origins`` names table and column.
POSTGRESQL_COMMENTS = (
    "SELECT attrelid::bigint, attnum::int, col_description(attrelid, attnum) FROM pg_catalog.pg_attribute "
    "WHERE attnum > 0 AND attrelid IN ({tables})"
)
MYSQL_COMMENTS = (
    "SELECT TABLE_NAME, COLUMN_NAME, COLUMN_COMMENT FROM information_schema.COLUMNS "
    "WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME IN ({tables})"
)
