"""The thinnest Django in front of a database: no middleware, no serializers; and the bare view of 100 rows, a limit.

Served by the same web server with the same options as the hub. Which statement answers which address stands in the
file that ``PEERS_STATEMENTS`` names (see ``postgresql.py``).
"""

import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django
import orjson
import psycopg
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import path
from psycopg.rows import dict_row

JSON = "application/json"
CHUNK_BYTES = 65_536
HUNDRED = [
    {
        "sensor_id": "S0001",
        "district": "강남구",
        "observed_at": f"2026-10-01T00:{n % 60:02}:00+09:00",
        "pm10": n,
        "pm25": n // 2,
        "temperature": n / 10,
        "humidity": 40 + n / 10,
    }
    for n in range(100)
]
STATEMENTS: dict[str, Any] = json.loads(Path(os.environ["PEERS_STATEMENTS"]).read_text())
kept = threading.local()


def hundred(request: HttpRequest) -> HttpResponse:
    return HttpResponse(orjson.dumps({"records": HUNDRED}), content_type=JSON)


def ask(request: HttpRequest, name: str) -> HttpResponse:
    """Run the statements of a question in one transaction and answer with the rows of the last one."""
    told, values = STATEMENTS[name], request.GET.dict()
    connection = connection_of_thread(told["client_side"])
    with connection.transaction(), connection.cursor() as cursor:
        for statement in told["before"]:
            cursor.execute(statement, values).fetchall()
        rows = cursor.execute(told["sql"], values).fetchall()
        records = orjson.Fragment(rows[0]["j"] or "[]") if told["is_json"] else rows
        for statement in told["after"]:
            cursor.execute(statement, values).fetchall()
    return HttpResponse(orjson.dumps({"records": records}, default=float), content_type=JSON)


def copy(request: HttpRequest, name: str) -> StreamingHttpResponse:
    return StreamingHttpResponse(copied(STATEMENTS[name], request.GET.dict()), content_type="text/csv")


def copied(told: dict[str, Any], values: dict[str, str]) -> Iterator[bytes]:
    """Yield CSV as the database writes it, in one statement or in one a page (``{page}`` counts from 0)."""
    connection = connection_of_thread(client_side=True)
    waiting = bytearray()
    for page in range(told["pages"]):
        with connection.cursor() as cursor, cursor.copy(told["sql"].format(page=page), values) as answer:
            for row in answer:
                waiting += row
                if len(waiting) >= CHUNK_BYTES:
                    yield bytes(waiting)
                    waiting.clear()
    yield bytes(waiting)


def connection_of_thread(client_side: bool) -> psycopg.Connection[dict[str, Any]]:
    """Return this thread's connection; ``client_side`` puts values into the text as psycopg 2 did, and prepares nothing."""
    name = f"connection_{client_side}"
    if not hasattr(kept, name):
        factory = psycopg.ClientCursor if client_side else psycopg.Cursor
        connection = psycopg.connect(
            os.environ["PEERS_DATABASE"], row_factory=dict_row, cursor_factory=factory, autocommit=True
        )
        setattr(kept, name, connection)
    return getattr(kept, name)


urlpatterns = [path("hundred", hundred), path("ask/<str:name>", ask), path("copy/<str:name>", copy)]
settings.configure(ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, SECRET_KEY="peers", MIDDLEWARE=[])
django.setup()
application = get_wsgi_application()
