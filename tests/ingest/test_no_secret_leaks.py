"""A key is planted, the platform repeats it wherever it can, and afterwards it is looked for wherever anything is kept."""

import gzip
import io
import json
import zipfile
from urllib.parse import quote

import pytest
from django.db import connection
from django.urls import reverse
from hostile_server import HostileServer, by_request, reply, unused_port
from pulling import lots, make_source, pull, records

from ingest.models import Run
from ingest.pipeline import pull_run
from ingest.raw import raw_store, rejected_path
from ingest.repetitions import replay_run
from ingest.secret_store import save_secret
from ingest.sessions import open_session as open_session_of

KEY = "k9Zq7Xw2Lm4+Rt8Vb1Nc6/Yd3Hf5Jg0PsAe=="
PARTS = ("k9Zq7Xw2Lm4", "Rt8Vb1Nc6", "Yd3Hf5Jg0PsAe")
NAMED = {"secret": "city-key"}
NAMES = ("번호", "이름", "면수")


def echo_of(request):
    """What a platform may say of a request: its address, a header, the key in five spellings."""
    spellings = [
        KEY,
        quote(KEY, safe=""),
        quote(quote(KEY, safe="")),
        KEY.replace("/", "\\/"),
        KEY.replace("+", "&#43;"),
    ]
    return " ".join([request.target, *spellings, *request.headers.values()])


def rows_with(echo):
    """Two records that are accepted and one that is refused; all tell the key."""
    rows = [(number, f"{name} {echo}", spaces) for number, name, spaces in lots(1, 2)]
    return [dict(zip(NAMES, row, strict=True)) for row in [*rows, ("0003", echo, f"많음 {echo}")]]


def datagokr(request, rows):
    return {"response": {"header": {"resultCode": "00"}, "body": {"items": rows, "totalCount": len(rows)}}}


def seoul(request, rows):
    told = {"CODE": "INFO-000", "MESSAGE": echo_of(request)}
    return {"lots": {"list_total_count": len(rows), "RESULT": told, "row": rows}}


def envelope(request, rows):
    return {"data": rows, "self": echo_of(request)}


def ckan(request, rows):
    if request.path.endswith("package_show"):
        found = {"id": "r-1", "name": "lots", "format": "CSV", "url": "", "datastore_active": True}
        return {"success": True, "result": {"name": "lots", "resources": [found]}}
    return {"success": True, "result": {"records": rows, "total": len(rows), "_links": {"next": echo_of(request)}}}


def oapif(request, rows):
    features = [{"type": "Feature", "properties": row, "geometry": None} for row in rows]
    start = int(request.query.get("offset", 0))
    link = {"rel": "next", "href": f"{request.path}?offset=2&limit=2&apikey={quote(KEY, safe='')}"}
    return {"type": "FeatureCollection", "features": features[start : start + 2], "links": [link] if not start else []}


def sensorthings(request, rows):
    return {"value": rows, "@iot.count": len(rows), "note": echo_of(request)}


def arcgis(request, rows):
    if not request.path.endswith("/query"):
        return {
            "type": "Table", "objectIdField": "번호", "maxRecordCount": 1000, "capabilities": "Query",
            "fields": [{"name": name, "type": "esriFieldTypeString"} for name in NAMES],
            "advancedQueryCapabilities": {"supportsPagination": True},
        }  # fmt: skip
    if "returnCountOnly" in request.query:
        return {"count": len(rows)}
    return {"features": [{"attributes": row} for row in rows], "note": echo_of(request)}


CONNECTORS = {
    "datagokr": ("datagokr", {"service_key": NAMED}, "/api", datagokr),
    "seoul": ("seoul", {"key": NAMED, "service": "lots"}, "", seoul),
    "envelope, query": ("envelope", {"key": NAMED, "records": "data"}, "/api", envelope),
    "envelope, path": (
        "envelope",
        {"key": NAMED, "records": "data", "key_in": {"place": "path"}},
        "/{key}/a",
        envelope,
    ),
    "envelope, header": (
        "envelope",
        {"key": NAMED, "records": "data", "key_in": {"place": "header", "name": "X-Key", "prefix": "Bearer "}},
        "/api",
        envelope,
    ),
    "envelope, basic": (
        "envelope",
        {"key": NAMED, "records": "data", "key_in": {"place": "header", "name": "Authorization", "coding": "basic"}},
        "/api",
        envelope,
    ),
    "ckan": ("ckan", {"key": NAMED, "dataset": "lots"}, "", ckan),
    "oapif": ("oapif", {"key": NAMED, "key_param": "apikey", "collection": "lots", "page_size": 2}, "", oapif),
    "sensorthings": ("sensorthings", {"authorization": NAMED, "entities": "Things"}, "", sensorthings),
    "arcgis": ("arcgis", {"token": NAMED, "geometry": False}, "/FeatureServer/0", arcgis),
}
ENDINGS = {"success": 200, "refusal": 403, "failure": 500, "an error of its own": 200}
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_pauses")]


@pytest.fixture(autouse=True)
def key(caplog):
    caplog.set_level("DEBUG")
    save_secret("city-key", KEY)


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("case", CONNECTORS)
def test_a_key_is_kept_nowhere_however_the_run_ends(case, ending, caplog, capfd, own_folders, settings, admin_client):
    connector, config, path, document = CONNECTORS[case]
    if config.get("key_in", {}).get("coding") == "basic":
        save_secret("city-key", f"reader:{KEY}")

    def act(request, connection):
        if ending == "success":
            by_request(lambda request: document(request, rows_with(echo_of(request))))(request, connection)
        else:
            told = {"error": {"code": 400, "message": echo_of(request)}, "message": echo_of(request)}
            body = json.dumps(told).encode() if ENDINGS[ending] == 200 else f"<p>{echo_of(request)}</p>".encode()
            reply(ENDINGS[ending], body, Content_Type=f"text/html; echo={quote(KEY)}", ETag=KEY)(request, connection)

    with HostileServer({"/": act}) as server:
        config = {"url": server.url(path), **config}
        run = pull(make_source("", connector=connector, config=config, allow_private=True))
        sent = " ".join(f"{request.target} {request.headers}" for request in server.requests)
    assert PARTS[0] in sent or "cmVhZGVy" in sent
    assert (run.state in ("published", "held")) == (ending == "success"), run.error_en
    if ending == "success":
        assert (run.rows, run.rejected) == (3, 1), run.error_en
    assert run.raw_answers
    pages = [admin_client.get(reverse(f"admin:ingest_{name}", args=[pk])).content.decode() for name, pk in shown(run)]
    logged = caplog.text + "".join(capfd.readouterr())
    traces = {"logs": logged, "pages": "".join(pages), "database": dump(), **files(own_folders, settings)}
    assert leaks(traces) == []


def shown(run):
    return [("run_change", run.pk), ("source_change", run.source_id)]


def dump():
    """Return everything that stands in the database, as text."""
    with connection.cursor() as cursor:
        rows = []
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            rows += [table, *map(str, cursor.fetchall())]
    return "\n".join(rows)


def files(*places):
    """Return every file below the hub's folders, unpacked."""
    folders = {places[0], places[1].STORE_DIR, places[1].SPOOL_DIR}
    found = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return {str(path): unpacked(path) for path in found}


def unpacked(path):
    content = path.read_bytes()
    if content.startswith(b"\x1f\x8b"):
        content = gzip.decompress(content)
    return content.decode("utf-8", "replace").replace("\0", "")


def leaks(traces):
    return [(place, part) for place, text in traces.items() for part in PARTS if part in text]


@pytest.fixture
def echoing():
    def act(request, connection):
        reply(200, json.dumps(envelope(request, rows_with(echo_of(request)))).encode(), ETag=KEY)(request, connection)

    with HostileServer({"/": act}) as server:
        config = {"url": server.url("/api"), "key": NAMED, "records": "data"}
        yield make_source("", connector="envelope", config=config, allow_private=True)


def test_what_is_published_refused_and_kept_has_stars_in_its_place(echoing):
    run = pull(echoing)
    assert [record["name"][:8] for record in records(echoing)] == ["제1주차장 /a", "제2주차장 /a"]
    assert "***" in records(echoing)[0]["name"]
    assert leaks({"records": str(records(echoing))}) == []
    [refused] = gzip.decompress(rejected_path(run).read_bytes()).decode().splitlines()
    assert "많음 /api?serviceKey=***" in refused
    [entry] = run.raw_answers
    kept = gzip.decompress(raw_store().path(entry["file"]).read_bytes())
    assert entry["masked"] is True
    assert len(kept) == entry["bytes"]  # as many stars as the key has bytes
    assert entry["headers"]["etag"] == "***"


def test_kept_answers_are_read_again_with_stars_in_them(echoing):
    first = pull(echoing)
    before = records(echoing)
    again = replay_run(first)
    pull_run(again.pk)
    again.refresh_from_db()
    assert again.state in (Run.State.PUBLISHED, Run.State.UNCHANGED)
    assert leaks({"records": str(records(echoing))}) == []
    assert [record["lot_id"] for record in records(echoing)] == [record["lot_id"] for record in before]


@pytest.mark.parametrize("name", ["lots.csv", "lots.zip"])
def test_a_file_that_repeats_the_key_is_masked_before_it_is_read_by_columns(name, tmp_path, settings):
    settings.FILE_ROOTS = [tmp_path]
    table = f"번호,이름,면수\n0001,가 {KEY},10\n0002,나,{KEY}\n".encode("cp949")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("lots.csv", table)
    content = table if name.endswith("csv") else packed.getvalue()
    with HostileServer({"/": reply(200, content)}) as server:
        config = {"path": server.url(f"/{name}"), "encoding": "cp949"}
        source = make_source("", connector="file", config=config, allow_private=True)
        run = pull_with_secret(source)
    assert (run.rows, run.rejected) == (2, 1), run.error_en
    assert records(source)[0]["name"].startswith("가 **")
    refused = gzip.decompress(rejected_path(run).read_bytes()).decode()
    assert leaks({"records": str(records(source)), "refused": refused, "database": dump()}) == []


def pull_with_secret(source):
    """Pull a source whose connector sends no key, in a session that knows of one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "ingest.pipeline.open_session",
            lambda run, secrets, *rest: open_session_of(run, [*secrets, KEY], *rest),
        )
        return pull(source)


def test_a_password_of_a_database_that_does_not_answer_is_kept_nowhere(caplog, capfd, own_folders, settings):
    config = {"url": f"postgresql://reader@127.0.0.1:{unused_port()}/city", "password": NAMED, "query": "SELECT 1 AS a"}
    run = pull(make_source("", connector="sql", config=config, allow_private=True))
    assert run.error_code == "unreachable"
    logged = caplog.text + "".join(capfd.readouterr())
    assert leaks({"logs": logged, "database": dump(), **files(own_folders, settings)}) == []


def test_a_fault_of_the_hub_is_logged_without_the_key(echoing, caplog, monkeypatch):
    def fall(*arguments, **options):
        raise RuntimeError(f"unexpected {KEY}")

    monkeypatch.setattr("ingest.pipeline.type_rows", fall)
    run = pull(echoing)
    assert run.error_code == "internal-error"
    assert "RuntimeError: unexpected ***" in caplog.text
    assert leaks({"logs": caplog.text, "database": dump()}) == []
