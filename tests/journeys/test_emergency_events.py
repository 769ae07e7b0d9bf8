"""From a 112 event to the open aggregate, through public doors alone: a running hub, killed on the way."""

import http.client
import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from hub_processes import hub_environment, make_tables, manage, processes_of, running, wait_until

from datahub.quickstart import free_port

pytestmark = pytest.mark.journey
HUB_FILE = """
[[organisations]]
slug = "hanbit-city"
name = { ko = "한빛시", en = "Hanbit City" }
region = "44130"

[[platforms]]
slug = "hanbit"
organisation = "hanbit-city"
title = "한빛시 통합플랫폼"
counts_by = "hour"
"""
PERSONAL = ("박관제", "op7", "삼거리", "신고자", "rtsp", "127.1234", "36.5432")


def event(kind: str, minute: int, status: str) -> bytes:
    start = f"2025110112{minute:02}00"
    moment = start if status == "10" else f"2025110112{minute:02}40"
    body = {
        "startTag": "$DA", "endTag": "$DB", "finishTag": "$DF", "evtId": kind, "evtNm": "긴급출동", "evtGrad": "10",
        "ocrNbr": f"{start}{kind}", "ocrSts": status, "ocrLc": {"crdntX": "127.1234", "crdntY": "36.5432", "crdntZ": "0"},
        "ocrPlc": "한빛동 삼거리", "ocrEvtCn": "신고자 진술", "ocrEvtTime": start, "ocrEvtStsTime": moment,
        "ocrEvtStsUsr": {"ocrEvtUsrId": "op7", "ocrEvtUsrNm": "박관제"},
        "ocrEvtItem": [{"key": "IMAGE_URL", "val": "rtsp://10.0.0.9/7"}],
    }  # fmt: skip
    header = {
        "svcTy": "EVENT", "apSeq": {"apCurrent": "1", "apTotal": "1"}, "sendCd": "B4413000000", "rcvCd": "B4413000000",
        "encAt": "N", "reqDate": moment, "sysCd": "IPC",
    }  # fmt: skip
    return json.dumps(header | {"body": body}, ensure_ascii=False).encode()


def ask(port: int, method: str, address: str, content: bytes = b"", **headers: str) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, address, content, {"Content-Type": "application/json", **headers})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def test_events_become_open_counts_and_nothing_else_leaves_the_hub(tmp_path: Path):
    with hub_environment(tmp_path / "var") as environment:
        make_tables(environment)
        (tmp_path / "hub.toml").write_text(HUB_FILE, encoding="utf-8")
        applied = manage(environment, "apply", str(tmp_path / "hub.toml"))
        assert applied.returncode == 0, applied.stdout + applied.stderr
        key = manage(environment, "issue_platform_key", "hanbit").stdout.strip()
        port = free_port()
        with running(environment, tmp_path / "hub.log", "serve", "--port", str(port)):
            wait_until(lambda: is_ready(port))
            told = [("112UC120", minute) for minute in range(7)] + [("119UC001", minute) for minute in range(3)]
            for kind, minute in told:
                for status in ("91", "10"):  # the end comes first
                    assert send(port, event(kind, minute, status), key)["result"] == "0"
                if minute == 2:
                    for pid, command in processes_of(environment).items():
                        if "granian" in command or "celery" in command:
                            os.kill(pid, signal.SIGKILL)
            assert send(port, event("112UC120", 9, "10"), "wrong")["code"] == "4001"
            wait_until(lambda: is_taken(tmp_path / "var"))
            for slug in ("hanbit-events", "hanbit-event-counts", "hanbit-response-times"):
                done = manage(environment, "run_source", slug, "--here")
                assert done.returncode == 0, done.stdout + done.stderr
            status, answer = ask(port, "GET", "/api/v1/datasets/hanbit-event-counts/records")
            counted = [(row["event_type"], row["period_start"], row["events"]) for row in answer["records"]]
            assert (status, counted) == (200, [("112UC120", "2025-11-01T12:00:00+09:00", 7)])
            status, answer = ask(port, "GET", "/api/v1/datasets/hanbit-response-times/records")
            assert [(row["service"], row["events"], row["median_response"]) for row in answer["records"]] == [
                ("112-emergency-dispatch", 7, 40.0)
            ]
            for address in ("records", "granted-records", "export", "snapshots", "schema"):
                status, answer = ask(port, "GET", f"/api/v1/datasets/hanbit-events/{address}")
                assert not [word for word in PERSONAL if word in json.dumps(answer, ensure_ascii=False)], address
                assert status in ((200,) if address in ("snapshots", "schema") else (401, 403, 404, 405)), address
    log = (tmp_path / "hub.log").read_text(encoding="utf-8")
    assert not [word for word in (*PERSONAL, key) if word in log]


def send(port: int, content: bytes, key: str) -> dict[str, str]:
    """Send an event until it is answered: what a killed process did not acknowledge is sent again."""
    told: list[dict[str, str]] = []

    def sent() -> bool:
        try:
            told.append(ask(port, "POST", "/integrationPlatformEvent", content, **{"X-Scsns-Secret": key})[1])
        except (OSError, http.client.HTTPException):
            return False
        return True

    wait_until(sent)
    return told[-1]


def is_ready(port: int) -> bool:
    try:
        return ask(port, "GET", "/readyz")[0] == 200
    except OSError:
        return False


def is_taken(folder: Path) -> bool:
    """Tell whether the inbox is empty: what has been taken stands in the database."""
    return all(not path.stat().st_size for path in (folder / "inbox" / "platform.hanbit").glob("*.*n"))
