"""Secrets at rest: encrypted, readable with the hub's keys alone, and never given out when they cannot be read."""

import io

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.core.management.base import SystemCheckError
from django.db import connection
from pulling import make_source

from ingest.errors import BadSetup, SecretInUse, SecretUnknown, SecretUnreadable
from ingest.models import AlertChannel, Secret, Source
from ingest.secret_store import delete_secret, is_readable, read_secret, rotate_secrets, save_secret, users_of

pytestmark = pytest.mark.django_db
VALUE = "열쇠-k9Zq7Xw2Lm4Rt8Vb1Nc6"
OLD, NEW, OTHER = (Fernet.generate_key().decode() for _ in range(3))


@pytest.fixture(autouse=True)
def keys(settings):
    settings.ENCRYPTION_KEYS = [OLD]


def run(*arguments, value=None, monkeypatch=None, **options):
    if value is not None:
        monkeypatch.setattr("sys.stdin", io.StringIO(value))
    out = io.StringIO()
    call_command(*arguments, stdout=out, **options)
    return out.getvalue()


def test_a_secret_comes_back_as_it_was_saved():
    assert save_secret("city-key", VALUE, "갱신 2027-01") == "created"
    assert read_secret("city-key") == VALUE
    assert save_secret("city-key", "another") == "changed"
    assert read_secret("city-key") == "another"
    assert Secret.objects.get().note == "갱신 2027-01"


def test_the_database_does_not_hold_it():
    save_secret("city-key", VALUE)
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM ingest_secret")
        assert VALUE not in str(cursor.fetchall())
    secret = Secret.objects.get()
    assert VALUE not in f"{secret!r} {secret} {vars(secret)}"


@pytest.mark.parametrize(("name", "value"), [("City Key", "x"), ("", "x"), ("city-key", "")])
def test_what_is_no_secret_is_refused(name, value):
    with pytest.raises(BadSetup):
        save_secret(name, value)
    assert not Secret.objects.exists()


def test_an_unknown_secret_is_named_with_the_command_that_stores_it():
    with pytest.raises(SecretUnknown) as refused:
        read_secret("city-key")
    assert "save_secret city-key" in refused.value.text.ko
    assert "save_secret city-key" in refused.value.text.en


@pytest.mark.parametrize("damage", ["another key", "bent ciphertext", "no ciphertext", "plain text"])
def test_what_cannot_be_decrypted_is_never_given_out(settings, damage):
    save_secret("city-key", VALUE)
    kept = Secret.objects.get().ciphertext
    if damage == "another key":
        settings.ENCRYPTION_KEYS = [OTHER]
    else:
        bent = {"bent ciphertext": f"{kept[:-8]}AAAAAAA=", "no ciphertext": "", "plain text": VALUE}[damage]
        Secret.objects.update(ciphertext=bent)
    with pytest.raises(SecretUnreadable) as refused:
        read_secret("city-key")
    assert "HUB_ENCRYPTION_KEYS" in refused.value.text.ko
    assert not is_readable(Secret.objects.get())
    assert kept not in str(refused.value.text)
    assert refused.value.__cause__ is None


def test_keys_are_changed_without_a_moment_in_which_a_secret_is_lost(settings):
    for name in ("a-key", "b-key", "c-key"):
        save_secret(name, f"{VALUE} {name}")
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    save_secret("d-key", f"{VALUE} d-key")
    assert [read_secret(f"{letter}-key") for letter in "abcd"] == [f"{VALUE} {letter}-key" for letter in "abcd"]
    assert rotate_secrets() == (3, [])
    assert rotate_secrets() == (0, [])
    settings.ENCRYPTION_KEYS = [NEW]
    assert [read_secret(f"{letter}-key") for letter in "abcd"] == [f"{VALUE} {letter}-key" for letter in "abcd"]
    settings.ENCRYPTION_KEYS = [OLD]
    with pytest.raises(SecretUnreadable):
        read_secret("a-key")


def test_rotating_names_what_no_key_opens_and_does_the_rest(settings):
    save_secret("a-key", VALUE)
    settings.ENCRYPTION_KEYS = [OTHER]
    save_secret("b-key", VALUE)
    lost = Secret.objects.get(name="a-key").ciphertext
    settings.ENCRYPTION_KEYS = [NEW, OTHER]
    with pytest.raises(CommandError, match="a-key"):
        run("rotate_secrets")
    settings.ENCRYPTION_KEYS = [NEW]
    assert read_secret("b-key") == VALUE
    assert Secret.objects.get(name="a-key").ciphertext == lost


def test_the_command_of_rotation_tells_how_many(settings):
    save_secret("a-key", VALUE)
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    assert "1" in run("rotate_secrets")
    assert "0" in run("rotate_secrets")


def test_a_source_reads_a_stored_secret_and_it_cannot_be_deleted_meanwhile(tmp_path, settings):
    settings.FILE_ROOTS = [tmp_path]
    save_secret("city-key", VALUE)
    make_source(tmp_path / "lots.csv")
    config = {
        "url": "https://city.example",
        "service_key": {"secret": "city-key"},
        "deep": [{"a": {"secret": "b-key"}}],
    }
    Source.objects.update(config=config)
    AlertChannel.objects.create(kind="webhook", address="https://a.example/", secret="city-key")
    assert [text.en.split(" ")[1] for text in users_of("city-key")] == ["source", "alert"]
    assert len(users_of("b-key")) == 1
    with pytest.raises(SecretInUse) as refused:
        delete_secret("city-key")
    assert "소스 parking" in refused.value.text.ko
    Source.objects.update(config={})
    AlertChannel.objects.all().delete()
    delete_secret("city-key")
    with pytest.raises(SecretUnknown):
        delete_secret("city-key")


def test_the_command_takes_the_value_from_a_pipe_and_shows_it_nowhere(monkeypatch):
    said = run("save_secret", "city-key", "--note", "시청", value=f"{VALUE}\n", monkeypatch=monkeypatch)
    listed = run("save_secret", "--list")
    assert read_secret("city-key") == VALUE
    assert '{ secret = "city-key" }' in said
    assert "city-key\t시청" in listed
    assert VALUE not in said + listed


def test_the_list_says_which_secrets_no_key_opens(settings):
    save_secret("city-key", VALUE)
    settings.ENCRYPTION_KEYS = [OTHER]
    assert "풀 수 없음" in run("save_secret", "--list")


def test_the_command_deletes_and_refuses_in_a_sentence(monkeypatch):
    with pytest.raises(CommandError, match="city-key"):
        run("save_secret", "city-key", "--delete")
    with pytest.raises(CommandError, match="비어"):
        run("save_secret", "city-key", value="\n", monkeypatch=monkeypatch)
    with pytest.raises(CommandError, match="이름"):
        run("save_secret")
    with pytest.raises(CommandError, match="unrecognized"):
        run("save_secret", "city-key", VALUE)
    save_secret("city-key", VALUE)
    run("save_secret", "city-key", "--delete")
    assert not Secret.objects.exists()


def test_a_key_beside_the_database_is_warned_of(settings, own_folders):
    call_command("check", "--deploy", "--tag", "security", "--fail-level", "CRITICAL")
    (own_folders / "encryption_key").write_text(OLD, encoding="ascii")
    with pytest.raises(SystemCheckError, match=r"ingest\.W001"):
        call_command("check", "--deploy", "--tag", "security", "--fail-level", "WARNING")
    settings.ENCRYPTION_KEYS = [NEW]
    with pytest.raises(SystemCheckError) as others:
        call_command("check", "--deploy", "--tag", "security", "--fail-level", "WARNING")
    assert "ingest.W001" not in str(others.value)
