"""No address of the hub gives away a value of a guarded dataset: every one of them is asked, by everybody, in many ways.

The same addresses are asked before the dataset is guarded: that shows that the values would be seen, and fills every cache.
An address with a part that this page does not know how to fill fails the test: tell it below what to fill in.
"""

import dataclasses
import datetime as dt
import io
import itertools
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from builders import make_dataset, publish_rows
from django.apps import apps
from django.conf import LazySettings
from django.contrib.auth.models import AnonymousUser, User
from django.contrib.contenttypes.models import ContentType
from django.core import signing
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from catalog.api.ckan.actions import ACTIONS
from catalog.api.ckan.resource_ids import resource_id
from catalog.api.ckan.util import UTIL
from catalog.api.delta_sharing.file_addresses import SALT
from catalog.api.tongues import TONGUES
from catalog.exports import order_export
from catalog.files import file_store
from catalog.keys import issue_key
from catalog.models import Dataset, Export, FeedHead, Grant, Snapshot, SnapshotFile, SnapshotPart
from catalog.publish import guard_dataset
from catalog.quality import assess_due
from catalog.records import FORMATS, Column, Geometry, Schema
from catalog.write_file import write_next_file

pytestmark = pytest.mark.django_db

SLUG, ORGANISATION, MODEL = "emergencies", "hanbit-city", "off-street-parking"
COLUMNS = (
    Column("name", required=True),
    Column("kind"),
    Column("amount", "integer"),
    Column("ratio", "number"),
    Column("happened_at", "datetime"),
    Column("reported_on", "date"),
    Column("called_at", "time"),
    Column("operator", personal_data="operator"),
    Column("content", personal_data="free-text"),
    Column("image_url", personal_data="image-address"),
    Column("place", personal_data="exact-place"),
    Column("longitude", "number", personal_data="exact-place"),
    Column("latitude", "number", personal_data="exact-place"),
)
SCHEMA = Schema(
    COLUMNS, key=("name",), time="happened_at", geometry=Geometry(longitude="longitude", latitude="latitude")
)
ROW: Mapping[str, str] = {
    "name": "zqcanaryname7",
    "kind": "zqcanarykind7",
    "amount": "918273645",
    "ratio": "8675309.125",
    "happened_at": "2021-03-07T11:22:33+09:00",
    "reported_on": "2021-02-19",
    "called_at": "13:37:31",
    "operator": "김까나리아",
    "content": "zqcanarycontent7",
    "image_url": "ftp://zqcanaryimage7/1.jpg",
    "place": "까나리삼거리",
    "longitude": "127.1357924",
    "latitude": "36.2468013",
}
# What may be seen nowhere: of a moment its day alone would tell enough, of a coordinate its beginning.
CANARIES = {
    **ROW,
    "happened_at": "2021-03-07",
    "longitude": "127.1357",
    "latitude": "36.2468",
    "image_url": "zqcanaryimage7",
    "finding": "zqcanaryfinding7",
}
PERSONAL = [column.name for column in COLUMNS if column.personal_data]
RESPONSES_TO_ESCAPES = re.compile(rb"\\u([0-9a-f]{4})")

ACCEPTED = ("text/html", "text/turtle", "application/ld+json", "text/csv", "application/geo+json")
ALL_OF, SOME_OF = 'SELECT * FROM "{}"', 'SELECT max(operator) AS o, min(longitude) AS x FROM "{}"'
NUMBERED = {
    "source": "Source",
    "run": "Run",
    "platform": "Platform",
    "message": "PlatformMessage",
    "feed": "Feed",
    "hub": "Hub",
}
SAME_FOR_ALL = ("standard", "api/v1/problems", "api/v1/vocabularies", "api/v1/docs", "api/v1/openapi.json", "ngsild")
NEGOTIATED = ("dataset/", "catalog", "api/v1/datasets", "organisation")
ASKERS = ("anonymous", "key of registered", "key of root", "session of root")  # a steward may less than root
LISTS_OF_THE_ADMIN = re.compile(r"/admin/\w+/\w+/")
NO_WAY = "no-such-thing"
SHARED = f"/delta-sharing/shares/hub/schemas/{ORGANISATION}/tables/{SLUG}/query"


def value_table() -> dict[str, Sequence[object]]:
    """What stands for each part of an address, in the state of the database as it is now."""
    dataset = Dataset.objects.get(slug=SLUG)
    extensions = [*FORMATS, *(tongue.extension for tongue in TONGUES), "json", "csv", "ttl", NO_WAY]
    return {
        "slug": [SLUG, ORGANISATION],
        "digest": [*Snapshot.objects.values_list("digest", flat=True), NO_WAY],
        "extension": list(dict.fromkeys(extensions)),
        "uid": [*Export.objects.values_list("uid", flat=True), dataset.pk],
        "id": [dataset.pk],
        "model": [MODEL],
        "name": ["theme", MODEL],
        "code": ["environment", "guarded"],
        "number": [0, 1],
        "app_label": ["catalog", "ingest", "auth"],
        "content_type_id": [ContentType.objects.get_for_model(Dataset).pk],
        "url": ["catalog/nothing/"],
        **{f"{part}_id": rows_of("ingest", model) for part, model in NUMBERED.items()},
        "format_name": list(FORMATS),
        "epoch": list(FeedHead.objects.values_list("epoch", flat=True)),
        "book": [0],
        "page": [0],
        "pk": [1],
        "share": ["hub"],
        "schema": [ORGANISATION],
        "table": [SLUG],
        "token": list(signed_files(dataset)),
    }


def signed_files(dataset: Dataset) -> Iterator[str]:
    """Yield what stands for the parts of a dataset in addresses given out earlier, to nobody and to everybody there is."""
    for digest in SnapshotPart.objects.values_list("digest", flat=True):
        for viewer in (None, *User.objects.values_list("pk", flat=True)):
            yield signing.dumps([dataset.pk.hex, digest, True, viewer, None], salt=SALT)


def rows_of(app: str, model: str) -> list[object]:
    return list(apps.get_model(app, model)._default_manager.values_list("pk", flat=True)[:2]) or [1]


@dataclasses.dataclass(frozen=True)
class Subject:
    """What addresses are asked about: looked up once a walk, which changes none of it."""

    dataset: str
    resource: str
    digests: Sequence[str]


def look_up_subject() -> Subject:
    dataset = Dataset.objects.select_related("distribution").get(slug=SLUG)
    digests = list(Snapshot.objects.values_list("digest", flat=True))
    return Subject(str(dataset.pk), str(resource_id(dataset.distribution.uid)), digests)


def queries(path: str, subject: Subject) -> Iterator[str]:
    """Yield the query strings that an address is asked with."""
    resource = subject.resource
    yield ""
    if path.endswith("records"):
        why = "&purpose=curiosity" if path.endswith("/granted-records") else ""
        yield from (f"format={name}{why}" for name in FORMATS)
        yield from (f"select=kind,max(content) as m&group_by=kind{why}", f"count=exact&limit=1{why}")
        yield f"select=operator&filter={quote('amount > 1')}{why}"
        yield from (f"snapshot={digest}{why}" for digest in subject.digests)
        yield f"as_of={quote(timezone.now().isoformat())}{why}"
    if path.endswith("/changes"):
        yield "startingVersion=0"
    if path.endswith("/query"):
        yield from (f"sql={quote(ALL_OF.format(SLUG))}&format={name}" for name in FORMATS)
        yield f"explain=true&sql={quote(ALL_OF.format(SLUG))}"
        yield f"sql={quote(SOME_OF.format(SLUG))}"
    if "action/" in path or "util/" in path:
        yield from (f"id={name}" for name in (SLUG, subject.dataset, resource, ORGANISATION))
        yield from (f"resource_id={resource}", f"resource_id={resource}&q=zqcanary", "q=zqcanary&include_private=true")
        yield from (
            f"query=name:{SLUG}",
            "query=format:csv",
            'q=*:*&facet.field=["res_format","tags"]',
            "incomplete=zq",
        )
        yield f"sql={quote(ALL_OF.format(resource))}"
        yield f"resource_id={resource}&distinct=true&fields=operator"
    if path.startswith("/admin/"):
        yield from ("q=zqcanary",) if LISTS_OF_THE_ADMIN.fullmatch(path) else ()  # its other pages know no question
    elif path.endswith(("/datasets", "/suggest", "/")):
        yield from ("q=zqcanary", "bbox=127.1,36.2,127.2,36.3", "lang=en")


@dataclasses.dataclass
class Asker:
    """Somebody who asks: how, and with which headers."""

    name: str
    client: Client
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)


def askers() -> list[Asker]:
    steward = User.objects.create_user("steward", is_staff=True)
    root = User.objects.create_superuser("root")
    found = [Asker("anonymous", Client(raise_request_exception=False))]
    for user in (User.objects.create_user("registered"), steward, root):
        found.append(Asker(f"key of {user}", Client(), {"Authorization": f"Bearer {issue_key(user, 'test')[1]}"}))
    for user in (steward, root):
        client = Client(raise_request_exception=False)
        client.force_login(user)
        found.append(Asker(f"session of {user}", client))
    return found


def addresses() -> list[tuple[str, str]]:
    """Return each pattern of the hub with each of its addresses."""
    return list(make_addresses())


def make_addresses() -> Iterator[tuple[str, str]]:
    known = value_table()
    for pattern, place in walk(get_resolver()):
        parts = names_in(place)
        unknown = parts - set(known) - {"object_id"}
        assert not unknown, f"tell this page what to fill in for {unknown} of {pattern}"
        named = known | names_for(pattern)
        choices = [objects_of(pattern) if part == "object_id" else named[part] for part in sorted(parts)]
        for values in itertools.product(*choices):
            yield pattern, fill(place, dict(zip(sorted(parts), values, strict=True)))


def walk(resolver: URLResolver, before: str = "") -> Iterator[tuple[str, str]]:
    """Yield every pattern as it is written, and as a text with its parts in braces."""
    for row in resolver.url_patterns:
        place = before + braced(row)
        if isinstance(row, URLPattern):
            yield place, place
        else:
            yield from walk(row, place)


def braced(row: URLPattern | URLResolver) -> str:
    text = str(row.pattern)
    if "(?" in text or text.startswith("^"):
        text = re.sub(r"\(\?P<(\w+)>[^()]*\)", r"{\1}", text)
        text = re.sub(r"\(\?:[^()]*\)\?", "", text)  # what may be left out is
        return text.replace("^", "").replace("$", "").replace("\\", "")
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", text)


def names_in(place: str) -> set[str]:
    return set(re.findall(r"{(\w+)}", place))


def fill(place: str, values: Mapping[str, object]) -> str:
    path = re.sub(r"{(\w+)}", lambda found: quote(str(values[found[1]]), safe="/"), place)
    assert not set("<>()?*[]{}") & set(path), f"tell this page how to fill in {place}"
    return f"/{path}"


def names_for(pattern: str) -> dict[str, Sequence[object]]:
    """Return what is called by name at the addresses of CKAN."""
    return {"name": list(ACTIONS)} if "action/" in pattern else {"name": list(UTIL)} if "util/" in pattern else {}


def objects_of(pattern: str) -> list[object]:
    """Return rows of the model that an address of the admin is about."""
    found = re.match(r"admin/(\w+)/(\w+)/", pattern)
    if not found:
        return [Dataset.objects.get(slug=SLUG).pk]
    return rows_of(found[1], found[2])


def text_of(response: Any) -> str:
    """Return all that an answer says, its headers and what is packed in it, as one text."""
    content = b"".join(response.streaming_content) if response.streaming else response.content
    kind = response.headers.get("Content-Type", "")
    texts = [str(dict(response.headers.items())), content.decode("utf-8", "replace")]
    if "spreadsheetml" in kind and response.status_code == 200:
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            texts += [book.read(name).decode("utf-8", "replace") for name in book.namelist()]
    if "parquet" in kind and response.status_code == 200:
        texts.append(str(pq.read_table(io.BytesIO(content)).to_pylist()))
    if "arrow" in kind and response.status_code == 200:
        texts.append(str(pa.ipc.open_stream(content).read_all().to_pylist()))
    unescaped = RESPONSES_TO_ESCAPES.sub(lambda one: chr(int(one[1], 16)).encode("utf-8", "replace"), content)
    return "\n".join([*texts, unescaped.decode("utf-8", "replace")])


def seen_in(text: str, canaries: Mapping[str, str] = CANARIES) -> set[str]:
    return {name for name, value in canaries.items() if value in text}


def ask_all(
    who: Asker, *, leaks: dict[str, set[str]], kinds: Sequence[str] = ("*/*",), only: tuple[str, ...] = ("",)
) -> int:
    """Ask every address and gather which canaries its answers hold, by pattern."""
    asked, subject = 0, look_up_subject()
    for pattern, path in addresses():
        if not pattern.startswith(only):
            continue
        if "logout" in path or ("password" in path and "admin" in path):
            continue  # they end the session
        if ("admin/" in pattern) != ("session" in who.name) and who.name != "anonymous":
            continue  # pages of the admin know sessions alone; the rest is asked by key
        if who.name != "anonymous" and pattern.startswith(SAME_FOR_ALL):
            continue
        accepted = kinds if pattern.startswith(NEGOTIATED) and "{extension}" not in pattern else ("*/*",)
        for query in queries(path, subject):
            for accept in accepted if not query else ("*/*",):
                headers = {**who.headers, "Accept": accept, "Range": "bytes=0-4000"}
                response = who.client.get(f"{path}?{query}" if query else path, headers=headers)
                found = seen_in(text_of(response))
                asked += 1
                if found:
                    leaks.setdefault(pattern, set()).update(found)
                    leaks.setdefault(f"{pattern} as {who.name}: {path}?{query}", set()).update(found)
    return asked


def post_all(who: Asker, leaks: dict[str, set[str]]) -> None:
    """Put the questions that are posted."""
    dataset = Dataset.objects.get(slug=SLUG)
    resource = resource_id(dataset.distribution.uid)
    posted: list[tuple[str, dict[str, Any]]] = [
        ("/api/v1/query", {"sql": ALL_OF.format(SLUG)}),
        (SHARED, {}),
        (SHARED, {"version": 0}),
        (SHARED, {"startingVersion": 0}),
        ("/api/v1/exports", {"dataset": SLUG, "format": "csv"}),
        *((f"/api/3/action/{name}", {"resource_id": resource, "id": SLUG, "q": "zqcanary"}) for name in ACTIONS),
        *((f"/api/3/action/{name}", {"resource_id": resource, "limit": 10}) for name in ACTIONS),
    ]
    for path, body in posted:
        response = who.client.post(path, body, content_type="application/json", headers=dict(who.headers))
        if found := seen_in(text_of(response)):
            leaks.setdefault(f"POST {path}", set()).update(found)


@pytest.fixture
def hub(settings: LazySettings) -> Dataset:
    """A dataset that was open, was asked and written to files, and is guarded from then on."""
    settings.ANONYMOUS_PER_MINUTE = settings.KEY_PER_MINUTE = settings.KEY_PER_DAY = 0
    dataset = make_dataset(SLUG, schema=SCHEMA, data_model=MODEL)
    publish_rows(dataset, [{**ROW, "name": f"{ROW['name']}old"}])
    publish_rows(dataset, [ROW])
    tell_a_finding()
    assess_due(timezone.now())
    order_export(SLUG, [], "ndjson", viewer=AnonymousUser(), caller="somebody")
    for _ in range(4):
        write_next_file()
    return dataset


def tell_a_finding() -> None:
    text = {"ko": f"값 {CANARIES['finding']}", "en": f"the value {CANARIES['finding']}"}
    finding = {"code": "range", "severity": "warning", "column": "kind", "count": 1, "text": text}
    Snapshot.objects.update(findings=[finding])


def stale_rows(dataset: Dataset, content: bytes) -> None:
    """Leave what a worker may leave that was writing while the dataset was guarded: files, and rows that name them."""
    for format_name in ("csv", "ndjson"):
        digest = "ab" + "0" * 62 if format_name == "csv" else "cd" + "0" * 62
        path = file_store(format_name).path(digest)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        now = timezone.now()
        written = {"state": "ready", "digest": digest, "size": len(content), "created_at": now, "finished_at": now}
        if format_name == "csv":
            SnapshotFile.objects.update_or_create(
                snapshot=dataset.distribution.current_snapshot, format="csv", defaults=written
            )
        else:
            Export.objects.create(
                dataset=dataset,
                snapshot_digest=dataset.current_snapshot.digest,
                format="ndjson",
                media_type="application/x-ndjson",
                parameters=[],
                question="q",
                caller="somebody",
                records_at_most=1,
                expires_at=now + dt.timedelta(hours=1),
                **written,
            )


WARM = ("api/v1/datasets/{slug}/records", "api/v1/query", "admin/catalog/")
SHOWN_BEFORE = (
    "api/v1/datasets/{slug}/records",
    "api/v1/datasets/{slug}/records.{extension}",
    "api/v1/datasets/{slug}/snapshots",
    "api/v1/datasets/{slug}/snapshots/{digest}/records.{extension}",
    "api/v1/exports/{uid}/file",
    "api/v1/data-models/{model}/records",
    "api/v1/datasets/{slug}",
    "api/action/{name}",
    "dataset/{slug}",
    "dataset/{slug}.{extension}",
    "catalog.{extension}",
    "POST /api/3/action/datastore_search",
    f"POST {SHARED}",
    "delta-sharing/files/{token}.parquet",
)


@pytest.mark.parametrize("name", ASKERS)
def test_no_address_of_the_hub_gives_away_a_guarded_value(
    hub: Dataset,
    settings: LazySettings,
    caplog: pytest.LogCaptureFixture,
    django_capture_on_commit_callbacks: Any,
    name: str,
) -> None:
    who = next(each for each in askers() if each.name == name)
    before: dict[str, set[str]] = {}
    ask_all(who, leaks=before, only=("",) if name == "anonymous" else WARM)
    post_all(who, before)
    for known in SHOWN_BEFORE if name == "anonymous" else ["POST /api/v1/query"] if "key" in name else []:
        assert before.get(known), f"{known} shows no canary even before: this test would see nothing"
    with django_capture_on_commit_callbacks(execute=True):
        guard_dataset(SLUG)
    for _ in range(4):
        write_next_file()
    assert not [path for path in settings.FILE_DIR.rglob("*.*") if seen_in(path.read_text("utf-8", "replace"))]
    stale_rows(Dataset.objects.get(slug=SLUG), " ".join(CANARIES.values()).encode())
    assess_due(timezone.now())
    caplog.clear()
    caplog.set_level("INFO")

    leaks: dict[str, set[str]] = {}
    asked = ask_all(who, leaks=leaks, kinds=("*/*", *ACCEPTED))
    post_all(who, leaks)
    assert not leaks, "\n".join(f"{place}: {sorted(names)}" for place, names in leaks.items())
    assert asked > 100
    assert not seen_in("\n".join([*(record.getMessage() for record in caplog.records), caplog.text]))


def test_the_granted_door_is_the_one_exception(hub: Dataset) -> None:
    guard_dataset(SLUG)
    everybody = askers()
    officer = User.objects.create_user("officer")
    now = timezone.now()
    grant = Grant.objects.create(
        dataset=hub,
        organisation=hub.organisation,
        purpose="긴급출동 경로 개선을 위한 분석",
        legal_basis="개인정보 보호법 제18조",
        valid_from=now - dt.timedelta(days=1),
        valid_until=now + dt.timedelta(days=1),
        classes=["operator", "exact-place", "free-text", "image-address"],
        granted_by=officer,
    )
    grant.holders.add(officer)
    door = f"/api/v1/datasets/{SLUG}/granted-records"
    values = {name: value for name, value in CANARIES.items() if name != "finding"}
    for who in [*everybody, Asker("officer", Client())]:
        key = issue_key(officer, "test")[1] if who.name == "officer" else ""
        headers = {**who.headers, **({"Authorization": f"Bearer {key}"} if key else {})}
        response = who.client.get(door, {"purpose": "경로 분석"}, headers=headers)
        assert seen_in(text_of(response), values) == (set(values) if key else set()), who.name
    Grant.objects.update(classes=[])
    response = Client().get(door, {"purpose": "경로 분석"}, headers={"Authorization": f"Bearer {key}"})
    assert seen_in(text_of(response)) == set(values) - set(PERSONAL)
