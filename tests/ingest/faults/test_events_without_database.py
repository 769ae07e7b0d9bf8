"""The database server is killed while a platform sends: every event is acknowledged all the same and there once it is back."""

import http.client
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_processes import manage
from killed_servers import Postgresql, postgresql
from own_hub import wait_until
from whole_hub import AT_LAST, hub_on, logs, serving

pytestmark = [pytest.mark.journey, pytest.mark.timeout(600)]
DOWN_SECONDS = 20  # longer than what the door believes of its platforms
HUB_FILE = """
[[organisations]]
slug = "city"
name = { ko = "시" }
region = "44130"

[[platforms]]
slug = "p"
organisation = "city"
title = "플랫폼"
"""
THERE = "SELECT number, status FROM ingest_occurrence"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Postgresql]:
    with postgresql() as server:
        yield server


def test_events_are_taken_while_the_database_is_gone(cluster: Postgresql, tmp_path: Path) -> None:
    with hub_on(cluster, tmp_path) as hub:
        (hub.folder / "hub.toml").write_text(HUB_FILE, encoding="utf-8")
        hub.manage("apply", hub.folder / "hub.toml")
        key = manage(hub.environment, "issue_platform_key", "p").stdout.strip()
        with serving(hub) as web:
            sent = send(web.port, key, 0, seconds=3)
            assert wait_until(lambda: len(hub.rows(THERE)) == sent, AT_LAST), logs(hub)
            cluster.kill()
            assert web.get("/readyz")[0] == 503
            sent += send(web.port, key, sent, seconds=DOWN_SECONDS)
            cluster.start()
            assert wait_until(lambda: len(hub.rows(THERE)) == sent, AT_LAST), logs(hub)
        assert {status for _, status in hub.rows(THERE)} == {"91"}
        assert hub.rows("SELECT DISTINCT state FROM ingest_platformmessage") == [("processed",)]
        assert hub.rows("SELECT count(*) FROM ingest_platformmessage") == [(2 * sent,)]


def send(port: int, key: str, first: int, *, seconds: float) -> int:
    """Send occurrences with a beginning and an end for a while, each acknowledged; return how many."""
    ends, number = time.monotonic() + seconds, first
    while time.monotonic() < ends:
        for status in ("10", "91"):
            answer = post(port, key, event(f"20261101{number:09}", status))
            assert answer["result"] == "0", answer
        number += 1
        time.sleep(0.05)
    return number - first


def post(port: int, key: str, content: bytes) -> dict[str, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        headers = {"Content-Type": "application/json", "X-Scsns-Secret": key}
        connection.request("POST", "/platform/events", content, headers)
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()


def event(number: str, status: str) -> bytes:
    body = {
        "startTag": "$DA",
        "endTag": "$DB",
        "finishTag": "$DF",
        "evtId": "112UC120",
        "ocrNbr": number,
        "ocrSts": status,
    }
    header = {"svcTy": "EVENT", "apSeq": {"apCurrent": "1", "apTotal": "1"}, "sendCd": "B4413000000", "encAt": "N"}
    return json.dumps(header | {"body": body}).encode()
