"""What the doors for other hubs tell, to whom, and that all of it is signed."""

import base64
import hashlib
import uuid
from typing import Any

import orjson
import pytest
from builders import ROWS, make_dataset, make_organisation, publish_rows
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.test import Client
from django.utils import timezone

from catalog.feed import begin_epoch
from catalog.publish import guard_dataset, restore_dataset, withdraw_dataset
from ingest.federation.entries import digest_of, read_entry
from ingest.federation.hubs import save_hub
from ingest.federation.identity import believe, fingerprint_of, own_document, own_hub, read_told
from ingest.federation.packs import FRAME
from ingest.federation.signing import Question, Reply, is_reply_of, sign_question
from ingest.federation.sync import sync_hub
from ingest.models import Host, Hub, HubEntry

pytestmark = pytest.mark.django_db
REASON = {"ko": "내부 업무"}


class Asker:
    """Another hub that asks: it signs what it asks and checks what it is told."""

    def __init__(self, client: Client) -> None:
        self.client, self.id, self.private = client, uuid.uuid4(), Ed25519PrivateKey.generate()
        public = base64.b64encode(self.private.public_key().public_bytes_raw()).decode()
        self.key = fingerprint_of(public)[:16]
        self.document = {
            "id": str(self.id),
            "title": "이웃",
            "address": "",
            "keys": [{"name": self.key, "public": public}],
        }

    def become_peer(self, *levels: str) -> None:
        identity = believe(read_told(self.document, ""), "neighbour", is_itself=True)
        save_hub("neighbour", {"address": "https://neighbour.example", "levels": list(levels), "reads": False})
        Hub.objects.filter(slug="neighbour").update(identity=identity)

    def ask(self, path: str, body: dict[str, Any] | None = None, **changes: Any) -> Any:
        content = b"" if body is None else orjson.dumps(body)
        question = Question("GET" if body is None else "POST", f"/sync/v1/{path}", {})
        told = {"hub": self.id, "for_hub": own_hub().pk, "key": (self.key, self.private), "now": timezone.now()}
        sign_question(question, content, **{**told, **changes})
        return send(self.client, question.target, body, question.headers)


def send(client: Client, target: str, body: dict[str, Any] | None, headers: dict[str, str]) -> Any:
    if body is None:
        return client.get(target, headers=headers)
    return client.post(target, orjson.dumps(body), content_type="application/json", headers=headers)


def entries(answer: Any) -> dict[str, dict[str, Any]]:
    assert answer.status_code == 200, answer.content.decode()
    return {entry["home"].rpartition("/")[2]: entry for entry in answer.json()["entries"]}


def believed() -> dict[str, str]:
    own = own_document()
    return {f"{own['id']}/{key['name']}": key["public"] for key in own["keys"]}


def test_every_answer_is_signed_with_its_question(client):
    make_dataset()
    target = "/sync/v1/entries?limit=1"
    answer = client.get(target)
    headers = {name.lower(): value for name, value in answer.headers.items()}
    question = Question("GET", target, {"repr-digest": base_digest(b"")})
    assert is_reply_of(Reply(200, headers, question), answer.content, believed())
    other = Question("GET", "/sync/v1/entries?limit=2", question.headers)
    assert not is_reply_of(Reply(200, headers, other), answer.content, believed())
    assert not is_reply_of(Reply(200, headers, question), answer.content.replace(b"1", b"2"), believed())
    assert not is_reply_of(Reply(200, {}, question), answer.content, believed())


def base_digest(content: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(content).digest()).decode()}:"


def test_an_entry_is_signed_by_its_home_and_names_its_documents(client):
    snapshot = publish_rows(make_dataset())
    [told] = client.get("/sync/v1/entries").json()["entries"]
    entry, via = read_entry(told, "")
    identity = believe(read_told(own_document(), ""), "test")
    assert entry.is_signed_by(identity) and via == []
    asked = {"digests": [entry.description, entry.manifest, "0" * 64]}
    documents = send(client, "/sync/v1/documents", asked, {}).json()["documents"]
    assert {digest: digest_of(text.encode()) for digest, text in documents.items()} == {
        entry.description: entry.description,
        entry.manifest: entry.manifest,
    }
    assert orjson.loads(documents[entry.manifest])["digest"] == snapshot.digest
    assert orjson.loads(documents[entry.description])["description"]["title"]["ko"] == "대기질 측정"


def test_a_cursor_gives_what_came_since_each_dataset_once(client):
    for slug in ("one", "two", "three"):
        make_dataset(slug)
    first = client.get("/sync/v1/entries?limit=2").json()
    assert not first["is_last"] and len(first["entries"]) == 2
    rest = client.get(f"/sync/v1/entries?after={first['next']}").json()
    assert rest["is_last"] and len(rest["entries"]) == 1
    assert client.get(f"/sync/v1/entries?after={rest['next']}").json()["entries"] == []
    make_dataset("one", licence="cc0-1.0")
    make_dataset("one", licence="cc-by-4.0")
    since = client.get(f"/sync/v1/entries?after={rest['next']}").json()
    assert [entry["home"].rpartition("/")[2] for entry in since["entries"]] == ["one"]
    withdraw_dataset("two")
    restore_dataset("two")
    withdraw_dataset("two")
    [gone] = client.get(f"/sync/v1/entries?after={since['next']}").json()["entries"]
    assert gone["gone"] == "withdrawn"


def test_a_new_epoch_lets_everybody_start_over_with_newer_versions(client):
    make_dataset()
    before = client.get("/sync/v1/entries").json()
    begin_epoch()
    after = client.get(f"/sync/v1/entries?after={before['next']}").json()
    assert len(after["entries"]) == 1
    assert after["entries"][0]["epoch"] > before["entries"][0]["epoch"]


def test_a_known_peer_that_has_read_further_than_the_hub_has_come_begins_a_new_epoch(client):
    make_dataset()
    epoch = int(client.get("/sync/v1/entries").json()["next"].partition("-")[0])
    ahead = f"entries?after={epoch}-900"
    assert client.get(f"/sync/v1/{ahead}").json()["position"] == 900, "a stranger is not believed"
    asker = Asker(client)
    asker.become_peer("public")
    told = asker.ask(ahead).json()
    assert int(told["next"].partition("-")[0]) > epoch and len(told["entries"]) == 1


LEVELS = [
    ((), {"open": False, "members": False, "inside": False}, {"open", "members", "inside"}),
    (("public",), {"open": True, "members": False, "inside": False}, {"open", "members", "inside"}),
    (("public", "registered"), {"open": True, "members": True, "inside": False}, {"open", "members", "inside"}),
    (
        ("public", "registered", "restricted", "non-public"),
        {"open": True, "members": True, "inside": True, "secret": True},
        {"open", "members", "inside", "secret"},
    ),
]


@pytest.mark.parametrize(("levels", "reads", "sees"), LEVELS)
def test_a_peer_sees_and_reads_what_its_levels_say(client, levels, reads, sees):
    for slug, level in (
        ("open", "public"),
        ("members", "registered"),
        ("inside", "restricted"),
        ("secret", "non-public"),
    ):
        publish_rows(make_dataset(slug, access_level=level, access_reason=REASON), [{**ROWS[0], "station_id": slug}])
    asker = Asker(client)
    asker.become_peer(*levels)
    told = entries(asker.ask("entries"))
    assert set(told) == sees
    manifests = asker.ask("documents", {"digests": [entry["manifest"] for entry in told.values()]}).json()["documents"]
    assert {slug: told[slug]["manifest"] in manifests for slug in reads} == reads
    for slug in sees:
        row = HubEntry.objects.get(pk=told[slug]["id"])
        [part] = orjson.loads(row.manifest)["parts"]
        answer = asker.ask(f"files/{part['digest']}")
        assert (answer.status_code == 200) is reads[slug]
        packed = b"".join(asker.ask("pack", {"digests": [part["digest"]]}).streaming_content)
        assert bool(packed) is reads[slug]


def test_guarded_datasets_are_never_told_of_and_one_that_becomes_guarded_is_told_no_more(client):
    publish_rows(make_dataset("later", access_level="restricted", access_reason=REASON))
    publish_rows(make_dataset("always", access_level="restricted", access_reason=REASON))
    guard_dataset("always")
    asker = Asker(client)
    asker.become_peer("public", "registered", "restricted", "non-public")
    before = entries(asker.ask("entries"))
    assert set(before) == {"later"}
    guard_dataset("later")
    assert entries(asker.ask("entries")) == {}
    named = asker.ask("entries", {"ids": [before["later"]["id"]]})
    assert named.json()["entries"] == []
    asked = {"digests": [before["later"]["description"], before["later"]["manifest"]]}
    assert asker.ask("documents", asked).json()["documents"] == {}
    assert asker.ask("tree", {"prefixes": [""]}).json()["nodes"][""] == {"leaves": {}}


def test_a_choice_gives_only_what_was_chosen_and_a_wrong_one_is_an_error(client):
    make_organisation("saeron-city", ko="새론시", en="Saeron City", region="41")
    make_dataset("air", theme="environment", region="44130", data_model="air-quality-observed")
    make_dataset("bus", theme="transport", organisation="saeron-city", region="41")
    chosen = {
        "theme=transport": {"bus"},
        "organisation=hanbit-city": {"air"},
        "region=44": {"air"},
        "region=44&region=41": {"air", "bus"},
        "data_model=air-quality-observed": {"air"},
        "theme=transport&organisation=hanbit-city": set(),
    }
    for query, slugs in chosen.items():
        assert set(entries(client.get(f"/sync/v1/entries?{query}"))) == slugs, query
    for query in ("colour=red", "limit=0", "limit=x", "after=x"):
        assert client.get(f"/sync/v1/entries?{query}").status_code == 400, query


WRONG = {
    "meant for another hub": {"for_hub": uuid.UUID(int=7)},
    "signed an hour ago": {"now": timezone.now() - timezone.timedelta(hours=1)},
    "signed with another key": {"key": ("0" * 16, Ed25519PrivateKey.generate())},
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_question_that_a_peer_has_not_signed_for_this_hub_now_is_refused(client, wrong):
    asker = Asker(client)
    asker.become_peer("public")
    answer = asker.ask("entries", **WRONG[wrong])
    assert (answer.status_code, answer.json()["code"]) == (401, "bad-hub-signature")


def test_a_peer_is_counted_by_its_identity_and_everybody_else_by_the_address(client, settings):
    settings.KEY_PER_MINUTE, settings.ANONYMOUS_PER_MINUTE = 3, 2
    asker = Asker(client)
    asker.become_peer("public")
    wrong = {"key": ("0" * 16, Ed25519PrivateKey.generate())}
    assert [client.get("/sync/v1/hub").status_code, asker.ask("hub", **wrong).status_code] == [200, 401]
    refused = client.get("/sync/v1/hub")
    assert (refused.status_code, int(refused["Retry-After"]) > 0) == (429, True)
    assert [asker.ask("hub").status_code for _ in range(4)] == [200, 200, 200, 429]


def test_a_host_is_asked_at_the_pace_of_all_that_is_asked_of_it(monkeypatch, settings, live_server):
    monkeypatch.setattr("ingest.hosts.is_own", lambda host: False)
    settings.HOST_PER_SECOND = 1000
    save_hub("itself", {"address": live_server.url})
    Hub.objects.update(allow_private=True)
    told = sync_hub("itself")
    assert told.problems[0]["code"] == "own-address"
    assert Host.objects.get().permits < 2000


def test_a_file_comes_whole_in_ranges_or_packed(client):
    snapshot = publish_rows(make_dataset())
    digest = snapshot.parts.get().digest
    whole = b"".join(client.get(f"/sync/v1/files/{digest}").streaming_content)
    assert hashlib.sha256(whole).hexdigest() == digest
    part = client.get(f"/sync/v1/files/{digest}", headers={"range": "bytes=10-19"})
    assert part.status_code == 206 and b"".join(part.streaming_content) == whole[10:20]
    packed = b"".join(send(client, "/sync/v1/pack", {"digests": [digest, "0" * 64]}, {}).streaming_content)
    assert packed == FRAME.pack(bytes.fromhex(digest), len(whole)) + whole
    assert client.get(f"/sync/v1/files/{'0' * 64}").status_code == 404


BODIES = [b"", b"[]", b"{", b'{"ids": "x"}', b'{"ids": [1]}', b'{"ids": ["no uuid"]}', b'{"other": []}']


@pytest.mark.parametrize("body", BODIES)
def test_a_body_that_makes_no_sense_is_told_so(client, body):
    answer = client.post("/sync/v1/entries", body, content_type="application/json")
    assert answer.status_code == 400 and "ids" in answer.json()["detail"]
