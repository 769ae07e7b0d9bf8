"""Files of SFTP servers: who is let in, which server is believed, and when a file is whole."""

import os
import time
from pathlib import Path

import asyncssh
import orjson
import pytest
from pydantic import ValidationError
from sftp_servers import PASSWORD, OpenSsh, OwnSftp, mute_server

from ingest.connectors import CONNECTORS
from ingest.connectors.file import Config, read
from ingest.errors import (
    BadSetup,
    BrokenOff,
    ForbiddenAddress,
    HostKeyRefused,
    KeyRefused,
    RequestRefused,
    StillWritten,
    TimedOut,
    TooLarge,
    Unreachable,
)

LOTS = "이름,면수\n가,1\n나,2\n"
ROWS = [{"이름": "가", "면수": "1"}, {"이름": "나", "면수": "2"}]
QUICK = {"settle": "0s"}


@pytest.fixture
def openssh(tmp_path):
    with OpenSsh(tmp_path) as server:
        yield server


@pytest.fixture
def own(tmp_path):
    with OwnSftp(tmp_path) as server:
        (server.files / "lots.csv").write_text(LOTS)
        yield server


def config_of(server: OwnSftp, path: str = "/lots.csv", **config: object) -> Config:
    given = {"password": PASSWORD, "host_key": server.fingerprint, **QUICK, **config}
    return Config(path=server.url(path), **{name: value for name, value in given.items() if value is not None})


@pytest.mark.parametrize("line", [True, False], ids=["line of known_hosts", "fingerprint"])
def test_openssh_lets_in_who_has_the_key(open_session, openssh, line):
    (openssh.files / "주차장 1.csv").write_text(LOTS)
    known = openssh.known_line if line else openssh.host_key.get_fingerprint()
    config = Config(path=openssh.url("/주차장 1.csv"), private_key=openssh.private_key, host_key=known, **QUICK)
    assert list(read(config, open_session())) == ROWS


def test_a_wildcard_means_all_files_of_such_names_in_their_order(open_session, openssh):
    for name, row in {"b.csv": "나,2", "a.csv": "가,1", ".c.csv": "숨,0", "d.csv.part": "x,0"}.items():
        (openssh.files / name).write_text(f"이름,면수\n{row}\n")
    (openssh.files / "folder.csv").mkdir()
    (openssh.files / "e.csv").symlink_to(openssh.files / "a.csv")
    (openssh.files / "f.csv").symlink_to(openssh.files / "gone.csv")
    known = {"private_key": openssh.private_key, "host_key": openssh.known_line, **QUICK}
    all_of_them = Config(path=openssh.url("/*.csv"), **known)
    assert [row["이름"] for row in read(all_of_them, open_session())] == ["가", "나", "가"]
    os.utime(openssh.files / "a.csv", (1, 1))
    os.utime(openssh.files / "b.csv", (2e9, 2e9))
    newest = Config(path=openssh.url("/*.csv"), newest=True, **known)
    assert [row["이름"] for row in read(newest, open_session())] == ["나"]


def test_openssh_sends_a_stranger_away(open_session, openssh):
    (openssh.files / "lots.csv").write_text(LOTS)
    other = asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()
    config = Config(path=openssh.url("/lots.csv"), private_key=other, host_key=openssh.known_line, **QUICK)
    with pytest.raises(KeyRefused, match="Permission denied"):
        list(read(config, open_session()))


def test_a_key_whose_line_breaks_were_lost_is_read_all_the_same(open_session, openssh):
    (openssh.files / "lots.csv").write_text(LOTS)
    flat = openssh.private_key.replace("\n", "\\n")
    config = Config(path=openssh.url("/lots.csv"), private_key=flat, host_key=openssh.known_line, **QUICK)
    assert list(read(config, open_session())) == ROWS


@pytest.mark.parametrize("protected", [True, False])
def test_what_is_no_usable_key_is_said_without_repeating_it(open_session, own, protected):
    key = asyncssh.generate_private_key("ssh-ed25519")
    text = key.export_private_key("pkcs8-pem", passphrase="hidden" if protected else None).decode()
    config = config_of(own, password=None, private_key=text if protected else text[:100])
    with pytest.raises(BadSetup, match="private_key") as told:
        list(read(config, open_session()))
    assert text[40:60] not in str(told.value)


def test_a_server_that_is_not_known_yet_shows_its_fingerprint_and_hears_no_password(open_session, own):
    with pytest.raises(HostKeyRefused) as told:
        list(read(config_of(own, host_key=None), open_session()))
    assert own.fingerprint in str(told.value)
    assert not told.value.temporary
    assert own.logins == 0


def test_a_server_whose_key_has_changed_is_not_believed(open_session, own):
    before = asyncssh.generate_private_key("ssh-ed25519")
    known = before.export_public_key().decode()
    with pytest.raises(HostKeyRefused) as told:
        list(read(config_of(own, host_key=known), open_session()))
    assert own.fingerprint in str(told.value)
    assert before.get_fingerprint() in str(told.value)
    assert own.logins == 0


def test_a_wrong_password_is_refused_and_never_shown(open_session, own):
    with pytest.raises(KeyRefused) as told:
        list(read(config_of(own, password="wrong horse 32"), open_session()))
    assert "wrong horse" not in str(told.value)


def test_secrets_are_masked_from_the_start(open_session, own):
    session = open_session()
    list(read(config_of(own), session))
    assert session.mask(f"x {PASSWORD} y") == "x *** y"


def test_several_files_are_read_over_one_connection(open_session, own):
    (own.files / "more.csv").write_text(LOTS)
    assert list(read(config_of(own, "/*.csv"), open_session())) == ROWS * 2
    assert own.logins == 1


@pytest.mark.parametrize(
    ("path", "error", "words"),
    [
        ("/gone.csv", RequestRefused, "no such file"),
        ("/gone/lots.csv", RequestRefused, "no such file"),
        ("/*.xml", RequestRefused, "no file there matches"),
        ("/folder", RequestRefused, "no ordinary file"),
    ],
)
def test_what_is_not_there_is_said(open_session, own, path, error, words):
    (own.files / "folder").mkdir()
    with pytest.raises(error, match=words):
        list(read(config_of(own, path), open_session()))


def test_a_list_whose_names_lead_elsewhere_is_not_followed(open_session, own):
    own.tell(odd_names=True)
    with pytest.raises(RequestRefused, match="odd file name"):
        list(read(config_of(own, "/*.csv"), open_session()))


def test_a_file_that_grows_is_awaited(open_session, own):
    own.tell(grows=True)
    with pytest.raises(StillWritten, match="changed within 1 s") as told:
        list(read(config_of(own, settle="1s"), open_session(limits={"attempts": 1, "total": 10})))
    assert told.value.temporary


def test_a_file_that_changes_while_it_is_read_was_not_read(open_session, own):
    own.tell(grows=True)
    with pytest.raises(StillWritten, match="changed while"):
        list(read(config_of(own), open_session()))


@pytest.mark.parametrize("marker", ["lots.csv.done", "lots.done"])
@pytest.mark.parametrize("path", ["/lots.csv", "/lots*"])
def test_a_marker_shows_that_a_file_is_whole(open_session, own, marker, path):
    config = config_of(own, path, settle=None, marker=".done")
    with pytest.raises(StillWritten, match=r"lots\.csv\.done"):
        list(read(config, open_session()))
    (own.files / marker).touch()
    assert list(read(config, open_session())) == ROWS


def test_an_answer_that_is_cut_off_is_temporary(open_session, own):
    (own.files / "lots.csv").write_text(LOTS * 20_000)
    own.tell(cut_after=200_000)
    with pytest.raises(BrokenOff) as told:
        list(read(config_of(own), open_session()))
    assert told.value.temporary


def test_a_file_over_the_limit_is_refused(open_session, own):
    (own.files / "lots.csv").write_text(LOTS * 50_000)
    with pytest.raises(TooLarge, match="1 MiB"):
        list(read(config_of(own), open_session()))


def test_a_slow_server_meets_the_deadline(open_session, own):
    own.tell(slow=0.3)
    (own.files / "lots.csv").write_text(LOTS * 20_000)
    started = time.monotonic()
    with pytest.raises(TimedOut):
        list(read(config_of(own), open_session(limits={"total": 1.0})))
    assert time.monotonic() - started < 8


def test_a_server_that_says_nothing_is_left(open_session, own):
    with mute_server() as port, pytest.raises(TimedOut):
        path = f"sftp://city@127.0.0.1:{port}/lots.csv"
        list(read(Config(path=path, password=PASSWORD), open_session(limits={"total": 1.0})))


def test_a_run_that_is_stopped_stops_waiting(open_session, own):
    class Stopped(Exception):
        pass

    def alive() -> None:
        if time.monotonic() > ends:
            raise Stopped

    ends = time.monotonic() + 1.5
    own.tell(slow=60)
    with pytest.raises(Stopped):
        list(read(config_of(own), open_session(alive=alive, limits={"total": 60, "read": 60})))
    assert time.monotonic() < ends + 4


def test_a_private_address_needs_the_grant(open_session, own):
    with pytest.raises(ForbiddenAddress, match="allow_private"):
        list(read(config_of(own), open_session(allow_private=False)))
    with pytest.raises(ForbiddenAddress, match="6379"):
        list(read(Config(path="sftp://city@127.0.0.1:6379/a.csv", password="x"), open_session()))
    with pytest.raises(Unreachable):
        list(read(Config(path="sftp://city@127.0.0.1:1/a.csv", password="x"), open_session()))


def test_each_file_and_list_is_asked_for_with_a_permit_and_kept(open_session, own):
    asked, kept = [], []

    def keep(answer):
        kept.append((answer.location, answer.read_bytes()))

    list(read(config_of(own), open_session(before_request=asked.append, archive=keep)))
    assert asked == [f"127.0.0.1:{own.port}"] * 2
    assert [location for location, _ in kept] == [own.url("/lots.csv?list"), own.url("/lots.csv")]
    assert [entry["name"] for entry in orjson.loads(kept[0][1])] == ["lots.csv"]
    assert kept[1][1] == LOTS.encode()


def test_names_in_cp949_are_read_and_zips_too(open_session, own, tmp_path):
    named = os.fsencode(str(own.files)) + b"/" + "주차장.csv".encode("cp949")
    Path(os.fsdecode(named)).write_text(LOTS)
    (own.files / "lots.csv").unlink()
    assert list(read(config_of(own, "/*.csv"), open_session())) == ROWS


def test_a_check_logs_in_and_tells_the_size(open_session, own):
    checked = CONNECTORS["file"].check(config_of(own), open_session())
    assert checked.size == len(LOTS.encode())
    described = CONNECTORS["file"].describe(config_of(own, "/*.csv"), open_session())
    assert [column.name for column in described.columns] == ["이름", "면수"]


def test_a_bare_shapefile_is_asked_for_as_a_zip(open_session, own):
    (own.files / "a.shp").write_bytes(b"\x00\x00\x27\x0a" + b"\0" * 96)
    with pytest.raises(BadSetup, match="ZIP"):
        list(read(config_of(own, "/a.shp"), open_session()))


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"path": "sftp://host/a.csv", "password": "x"}, "sftp://user@host"),
        ({"path": "sftp://city:word@host/a.csv", "password": "x"}, "given in password"),
        ({"path": "sftp://city@host/a/../b.csv", "password": "x"}, "upwards"),
        ({"path": "sftp://city@host/*/b.csv", "password": "x"}, "ends with the name of a file"),
        ({"path": "sftp://city@host/folder/", "password": "x"}, "ends with the name of a file"),
        ({"path": "sftp://city@host/a.csv"}, "password or private_key"),
        ({"path": ["sftp://city@a/a.csv", "sftp://city@b/a.csv"], "password": "x"}, "same server"),
        ({"path": "sftp://city@host/a.csv", "password": "x", "host_key": "AAAA"}, "fingerprint"),
        ({"path": "sftp://city@host/a.csv", "password": "x", "host_key": "ssh-ed25519 AAAA"}, "no host key"),
        ({"path": "sftp://city@host/a.csv", "password": "x", "settle": "5"}, "no length of time"),
        ({"path": "sftp://city@host/a.csv", "password": "x", "settle": "2h"}, "a minute"),
        ({"path": "sftp://city@host/a.csv", "password": "x", "marker": "*.done"}, "ending"),
        ({"path": "sftp://city@host/a.csv", "password": "x", "newest": True}, "newest needs"),
        ({"path": "https://host/a.csv", "password": "x"}, "meant for sftp:// addresses only"),
        ({"path": "/srv/*.csv", "newest": True}, "newest needs"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_early(config, words):
    with pytest.raises(ValidationError, match=words):
        Config(**config)
