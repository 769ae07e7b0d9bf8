"""Listening to a real broker: what it refuses, what breaks, what comes again, and every message once in the dataset."""

import signal
import subprocess
import threading
import time
from contextlib import contextmanager

import pytest
from database_servers import make_certificate
from hub_processes import wait_until
from mqtt_broker import Broker, running_broker
from own_hub import own_hub

from ingest.connectors.mqtt import Config
from ingest.connectors.mqtt_listener import MAX_PAYLOAD, listen
from ingest.errors import BrokenOff, ForbiddenAddress, InboxFull, KeyRefused, RequestRefused, Unreachable

PASSWORD = "planted-p@ss-단어"


class Inbox:
    """Keeps in memory what it is given."""

    def __init__(self):
        self.messages, self.notes, self.is_full = [], {}, False

    def keep(self, messages):
        if self.is_full:
            raise InboxFull(source="air", limit="1 MiB")
        self.messages += messages

    def recall(self):
        return self.notes

    def note(self, notes):
        self.notes = notes

    def tell_alive(self):
        pass

    @property
    def payloads(self):
        return [message.content["payload"] for message in self.messages]


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    with running_broker(tmp_path_factory.mktemp("broker")) as one:
        yield one


def config_of(broker, client="hub", **config):
    return Config(**{"url": broker.url(), "topics": ["air/#"], "client_id": client} | config)


@contextmanager
def listening(session, config, inbox):
    """Listen in a thread; what it raises is in the list that is given."""
    stop, raised = threading.Event(), []

    def run():
        try:
            listen(config, session, inbox, stop)
        except Exception as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield raised
    finally:
        stop.set()
        thread.join()


@pytest.mark.parametrize("protocol", ["3.1.1", "5"])
def test_messages_arrive_in_order_and_once_and_the_session_stays(open_session, broker, protocol):
    inbox, config = Inbox(), config_of(broker, f"order-{protocol}", protocol=protocol)
    with listening(open_session(), config, inbox):
        wait_until(lambda: inbox.notes.get("topics"))
        broker.publish([("air/1", str(number)) for number in range(100)])
        wait_until(lambda: len(inbox.messages) >= 100)
    broker.publish([("air/1", "while nobody listened")])
    session = inbox.notes["session"]
    with listening(open_session(), config, inbox):
        wait_until(lambda: len(inbox.messages) >= 101)
    assert inbox.payloads == [*map(str, range(100)), "while nobody listened"]
    assert inbox.notes["session"] == session


@pytest.mark.parametrize("protocol", ["3.1.1", "5"])
def test_what_was_not_acknowledged_comes_again_under_the_same_key(open_session, broker, protocol):
    inbox, config = Inbox(), config_of(broker, f"full-{protocol}", protocol=protocol)
    with listening(open_session(), config, inbox):
        wait_until(lambda: inbox.notes.get("topics"))
    inbox.is_full = True
    with listening(open_session(), config, inbox) as raised:
        broker.publish([("air/1", "a"), ("air/1", "b")])
        wait_until(lambda: raised)
    assert isinstance(raised[0], InboxFull)
    inbox.is_full = False
    with listening(open_session(), config, inbox):
        wait_until(lambda: len(inbox.messages) >= 2)
    assert inbox.payloads == ["a", "b"]
    assert all(message.key for message in inbox.messages)
    assert any(message.may_repeat for message in inbox.messages)


def test_a_retained_message_comes_once_although_the_connection_is_made_again(open_session, broker):
    inbox, config = Inbox(), config_of(broker, "retained", topics=["state/#"])
    broker.publish([("state/1", "on")], retain=True)
    for _ in range(3):
        with listening(open_session(), config, inbox):
            wait_until(lambda: inbox.messages)
            time.sleep(0.3)
    assert inbox.payloads == ["on"]


def test_topics_that_are_no_longer_wanted_bring_nothing_more(open_session, broker):
    inbox = Inbox()
    with listening(open_session(), config_of(broker, "change", topics=["air/#", "noise/+"]), inbox):
        wait_until(lambda: inbox.notes.get("topics"))
    with listening(open_session(), config_of(broker, "change", topics=["noise/+", "water"]), inbox):
        wait_until(lambda: ["water", 1] in inbox.notes["topics"])
        broker.publish([("air/1", "no"), ("noise/1", "yes"), ("water", "yes too")])
        wait_until(lambda: len(inbox.messages) >= 2)
        time.sleep(0.2)
    assert inbox.payloads == ["yes", "yes too"]


def test_messages_of_a_shared_subscription_are_kept(open_session, broker):
    inbox = Inbox()
    config = config_of(broker, "shared", topics=["$share/hubs/city/+/pm10"])
    with listening(open_session(), config, inbox):
        wait_until(lambda: inbox.notes.get("topics"))
        broker.publish([("city/jung-gu/pm10", "31")])
        wait_until(lambda: inbox.messages)
    assert [message.content["topic"] for message in inbox.messages] == ["city/jung-gu/pm10"]


@pytest.mark.parametrize("protocol", ["3.1.1", "5"])
def test_a_message_that_is_too_large_is_told_without_its_content_and_does_not_come_again(
    open_session, broker, protocol
):
    inbox, config = Inbox(), config_of(broker, f"large-{protocol}", topics=["large/#"], protocol=protocol)
    with listening(open_session(), config, inbox):
        wait_until(lambda: inbox.notes.get("topics"))
        broker.publish([("large/1", "x" * (MAX_PAYLOAD + 1)), ("large/1", "after")])
        wait_until(lambda: len(inbox.messages) >= 2, 30)
    with listening(open_session(), config, inbox) as raised:
        time.sleep(0.5)
    assert raised == []
    assert [message.content for message in inbox.messages] == [
        {"topic": "large/1", "too_large_bytes": MAX_PAYLOAD + 1},
        {"topic": "large/1", "payload": "after"},
    ]


def test_a_broker_that_goes_away_is_told_and_what_it_kept_comes_when_it_is_back(open_session, tmp_path):
    inbox = Inbox()
    with running_broker(tmp_path) as broker:
        config = config_of(broker)
        with listening(open_session(), config, inbox) as raised:
            wait_until(lambda: inbox.notes.get("topics"))
            broker.publish([("air/1", "a")])
            wait_until(lambda: inbox.messages)
            broker.stop(signal.SIGKILL)
            wait_until(lambda: raised)
        assert isinstance(raised[0], BrokenOff)
        with listening(open_session(), config, inbox) as raised:
            wait_until(lambda: raised)
        assert isinstance(raised[0], Unreachable)
        broker.start()
        with listening(open_session(), config, inbox):
            wait_until(lambda: inbox.notes.get("topics"))
            broker.publish([("air/1", "b")])
            wait_until(lambda: "b" in inbox.payloads)
    assert inbox.payloads == ["a", "b"]


@pytest.fixture(scope="module")
def closed_broker(tmp_path_factory):
    """A broker with TLS, a password and a list of who may read what."""
    folder = tmp_path_factory.mktemp("closed")
    broker = Broker(
        folder,
        "allow_anonymous false",
        f"password_file {folder}/passwords",
        f"acl_file {folder}/rights",
        f"certfile {folder}/server.crt",
        f"keyfile {folder}/server.key",
    )
    make_certificate(folder)
    (folder / "rights").write_text("user reader\ntopic read air/#\n")
    (folder / "passwords").touch()
    subprocess.run(["mosquitto_passwd", "-b", str(folder / "passwords"), "reader", PASSWORD], check=True)
    broker.start()
    yield broker
    broker.stop(signal.SIGKILL)


def certificates(broker):
    return (broker.folder / "server.crt").read_text()


def fail(session, config):
    with pytest.raises(Exception) as raised:
        listen(config, session, Inbox(), threading.Event())
    return raised.value


def test_a_broker_is_verified_by_the_source_s_own_authority_and_entered_by_password(open_session, closed_broker):
    inbox = Inbox()
    config = config_of(closed_broker, url=closed_broker.url("mqtts"), user="reader", password=PASSWORD)
    with listening(open_session(authorities=certificates(closed_broker)), config, inbox) as raised:
        wait_until(lambda: inbox.notes.get("topics") or raised)
    assert raised == []


ENTRIES = {
    "nobody vouches for it": ({}, {"authorities": ""}, Unreachable, "certificate"),
    "a wrong password": ({"password": "planted-wrong"}, {}, KeyRefused, "uthori"),
    "nobody": ({"user": None, "password": None}, {}, KeyRefused, "uthori"),
    "in plain": ({"scheme": "mqtt"}, {}, BrokenOff, ""),
    "a private address": ({}, {"allow_private": False}, ForbiddenAddress, "allow_private"),
}


@pytest.mark.parametrize(("config", "options", "error", "words"), ENTRIES.values(), ids=ENTRIES)
def test_what_cannot_be_entered_is_told(open_session, closed_broker, config, options, error, words):
    settings = {"user": "reader", "password": PASSWORD, "scheme": "mqtts"} | config
    url = closed_broker.url(settings.pop("scheme"))
    session = open_session(**{"authorities": certificates(closed_broker)} | options)
    raised = fail(session, config_of(closed_broker, url=url, **settings))
    assert type(raised) is error, raised
    assert words in str(raised)
    assert PASSWORD not in str(raised)
    assert "planted-wrong" not in str(raised)


def test_a_name_that_the_certificate_does_not_have_is_refused(open_session, closed_broker):
    config = config_of(closed_broker, url=closed_broker.url("mqtts", "localhost"), user="reader", password=PASSWORD)
    raised = fail(open_session(authorities=certificates(closed_broker)), config)
    assert isinstance(raised, Unreachable)


@pytest.mark.parametrize("port", [22, 3306])
def test_a_door_of_something_else_is_not_knocked_at(open_session, port):
    config = Config(url=f"mqtt://127.0.0.1:{port}", topics=["a"], client_id="hub")
    assert isinstance(fail(open_session(), config), ForbiddenAddress)


def test_a_broker_that_gives_less_than_asked_for_is_told(open_session, tmp_path):
    with running_broker(tmp_path, "allow_anonymous true", "max_qos 0") as broker:
        assert isinstance(fail(open_session(), config_of(broker)), RequestRefused)


HUB_FILE = """
[[organisations]]
slug = "hanbit-city"
name = {{ ko = "한빛시" }}

[[datasets]]
slug = "air"
organisation = "hanbit-city"
title = {{ ko = "대기질" }}
description = {{ ko = "시험" }}
theme = "environment"
licence = "kogl-1"
access_level = "public"
{key}
columns = [{{ name = "id", required = true }}, {{ name = "sensor" }}]

[[sources]]
slug = "air"
dataset = "air"
connector = "mqtt"
mode = "{mode}"
allow_private = true
[sources.config]
url = "{url}"
topics = ["air/+"]
client_id = "hub"
topic_levels = {{ sensor = 2 }}
"""


def declare(hub, broker, mode="append", key=""):
    path = hub.folder / "hub.toml"
    path.write_text(HUB_FILE.format(url=broker.url(), mode=mode, key=key), encoding="utf-8")
    hub.manage("apply", path)


def readings(first, last):
    return [(f"air/{number % 3}", f'{{"id": "{number:04}"}}') for number in range(first, last)]


def published_ids(hub):
    out = hub.folder / "published"
    hub.do("write_ids", "air", str(out))
    return out.read_text().split()


@pytest.mark.journey
def test_listeners_and_workers_are_killed_and_a_broker_restarts_and_every_message_is_published_once(tmp_path):
    total, step = 600, 100
    with running_broker(tmp_path / "broker") as broker, own_hub(tmp_path, HUB_RUN_LEASE_SECONDS="1") as hub:
        declare(hub, broker)
        listener = hub.start("listen_for_ever")
        wait_until(lambda: (tmp_path / "inbox" / "air" / "notes.json").is_file())
        wait_until(lambda: b"air/+" in (tmp_path / "inbox" / "air" / "notes.json").read_bytes())
        worker = hub.start("pull_again_and_again", "air")
        for number in range(0, total, step):
            publisher = threading.Thread(target=broker.publish, args=[readings(number, number + step)])
            publisher.start()
            time.sleep(0.02 * (number / step))
            for _ in range(2):
                hub.kill(listener)
                hub.wait(listener)
                listener = hub.start("listen_for_ever")
                time.sleep(0.2)
            hub.kill(worker)
            hub.wait(worker)
            worker = hub.start("pull_again_and_again", "air")
            publisher.join()
            if number == total // 2:
                broker.stop()
                broker.start()
        wait_until(lambda: kept_ids(tmp_path) >= total or len(published_ids(hub)) >= total, 60)
        hub.kill(listener, signal.SIGTERM)
        assert hub.wait(listener) == 0, hub.log
        hub.kill(worker)
        hub.wait(worker)
        time.sleep(1.2)
        hub.do("pull_to_the_end", "air")
        assert sorted(published_ids(hub)) == [f"{number:04}" for number in range(total)], hub.log


def kept_ids(folder):
    return sum(path.read_bytes().count(b"\n") for path in (folder / "inbox" / "air").glob("*.*n*"))


@pytest.mark.journey
def test_a_broker_that_is_killed_and_forgets_what_was_acknowledged_gives_every_record_once_by_its_key(tmp_path):
    with running_broker(tmp_path / "broker") as broker, own_hub(tmp_path, HUB_RUN_LEASE_SECONDS="1") as hub:
        declare(hub, broker, "upsert", 'key = ["id"]')
        listener = hub.start("listen_for_ever")
        wait_until(lambda: (tmp_path / "inbox" / "air" / "notes.json").is_file())
        for number in range(0, 200, 50):
            broker.publish(readings(number, number + 50))
            time.sleep(1.2)  # what the broker took it has saved by now
            broker.stop(signal.SIGKILL)
            broker.start()
        hub.do("pull_to_the_end", "air")
        wait_until(lambda: hub.do("pull_to_the_end", "air") or len(published_ids(hub)) >= 200, 60)
        hub.kill(listener, signal.SIGTERM)
        assert hub.wait(listener) == 0, hub.log
        assert sorted(published_ids(hub)) == [f"{number:04}" for number in range(200)]
