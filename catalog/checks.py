"""A system check: Korean is only found in a PostgreSQL database that keeps it as UTF-8."""

from collections.abc import Sequence
from typing import Any

from django.core.checks import Error
from django.db import connections


def check_encoding(databases: Sequence[str] | None = None, **options: Any) -> list[Error]:  # noqa: ANN401
    """Refuse a database of another encoding; asked by ``migrate`` and ``check --database``."""
    return [
        Error(
            f"The database '{alias}' is encoded as {encoding}, in which Korean words would not be found. "
            f"데이터베이스의 문자 인코딩이 {encoding}이어서 한국어로 찾을 수 없습니다.",
            hint="Create it with ENCODING 'UTF8' and LC_CTYPE 'C.UTF-8' or 'ko_KR.UTF-8'.",
            id="catalog.E001",
        )
        for alias in databases or ()
        if (encoding := encoding_of(alias)) not in ("", "UTF8")
    ]


def encoding_of(alias: str) -> str:
    """Return the encoding of a PostgreSQL database; nothing for SQLite, which knows no other."""
    if connections[alias].vendor != "postgresql":
        return ""
    with connections[alias].cursor() as cursor:
        cursor.execute("SHOW server_encoding")
        return cursor.fetchone()[0]
