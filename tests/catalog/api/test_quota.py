"""How much a caller may ask: counted over all processes, told in the headers, refused with when to come back."""

import math
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.test import Client, RequestFactory

from catalog import keys
from catalog.api import quota
from catalog.api.quota import DAY, MINUTE, Caller, Counters, address_of, day_of
from catalog.caller import warn_of_proxy
from catalog.keys import forget_found_keys, issue_key, write_uses
from catalog.models import ApiUse

ROOT = Path(__file__).parents[3]
NOON = 1_795_316_400.0  # 2026-11-22 12:00 in Korea
DATASETS = "/api/v1/datasets"


@pytest.fixture
def counters(tmp_path: Path) -> Counters:
    return Counters(tmp_path / "callers")


@pytest.fixture(autouse=True)
def nothing_found_or_counted() -> Iterator[None]:
    forget_found_keys()
    keys._uses.clear()
    yield
    forget_found_keys()
    keys._uses.clear()


def caller(per_minute: int = 0, per_day: int = 0, name: str = "somebody") -> Caller:
    return Caller(name, per_minute, per_day)


def answered(counters: Counters, who: Caller, requests: int, now: float) -> int:
    return sum(counters.take(who, now).retry_after is None for _ in range(requests))


@pytest.mark.parametrize("now", [NOON, NOON + 0.123457])
@pytest.mark.parametrize("per_minute", [1, 7, 60, 600, 6_000, 100_000])
def test_a_minutes_requests_may_come_at_once_and_no_more(counters: Counters, per_minute: int, now: float) -> None:
    assert counters.take(caller(per_minute), now).minute_left == per_minute - 1
    assert answered(counters, caller(per_minute), per_minute + 50, now) == per_minute - 1


@pytest.mark.parametrize(("seconds", "more"), [(0.0, 0), (0.5, 0), (1.0, 1), (30.0, 30), (60.0, 60), (3_600.0, 60)])
def test_a_bucket_fills_evenly_and_no_fuller_than_full(counters: Counters, seconds: float, more: int) -> None:
    answered(counters, caller(60), 60, NOON)
    assert answered(counters, caller(60), 200, NOON + seconds) == more


def test_whoever_waits_as_long_as_told_is_answered(counters: Counters) -> None:
    answered(counters, caller(60), 60, NOON)
    refused = counters.take(caller(60), NOON + 0.25)
    assert (refused.broken, refused.minute_left) == ("minute", 0)
    assert refused.retry_after == pytest.approx(0.75)
    assert counters.take(caller(60), NOON + 0.25 + refused.retry_after).retry_after is None


def test_a_refused_request_takes_nothing(counters: Counters) -> None:
    answered(counters, caller(60), 10_000, NOON)
    assert counters.take(caller(60), NOON + 1.0).retry_after is None


def test_a_days_requests_end_at_midnight_in_korea(counters: Counters) -> None:
    who = caller(per_day=5)
    assert answered(counters, who, 9, NOON) == 5
    refused = counters.take(who, NOON)
    assert (refused.broken, refused.retry_after) == ("day", 12 * 3600)
    assert answered(counters, who, 9, NOON + 12 * 3600 - 1) == 0
    assert answered(counters, who, 9, NOON + 12 * 3600) == 5
    assert day_of(NOON + 12 * 3600) == day_of(NOON) + 1


def test_nothing_set_is_without_a_limit(counters: Counters) -> None:
    assert answered(counters, caller(), 10_000, NOON) == 10_000


def test_callers_do_not_pay_for_one_another(counters: Counters) -> None:
    assert answered(counters, caller(5, name="one"), 9, NOON) == 5
    assert answered(counters, caller(5, name="other"), 9, NOON) == 5


def test_a_limit_that_changes_holds_at_once(counters: Counters) -> None:
    answered(counters, caller(60), 60, NOON)
    assert answered(counters, caller(6_000), 10, NOON + 1) == 10
    assert counters.take(caller(6), NOON + 1).retry_after is not None


def test_a_clock_that_was_set_back_locks_nobody_out(counters: Counters) -> None:
    answered(counters, caller(60), 60, NOON + 7 * DAY)
    assert answered(counters, caller(60), 60, NOON + MINUTE) == 0
    assert answered(counters, caller(60), 100, NOON + 2 * MINUTE) == 60


def test_more_callers_than_places_push_out_only_those_with_full_buckets(counters: Counters) -> None:
    heavy = caller(600, name="heavy")
    answered(counters, heavy, 600, NOON)
    for number in range(Counters.SETS * Counters.WAYS * 2):
        counters.take(caller(600, name=f"203.0.113.{number}"), NOON - 3600)
    assert answered(counters, heavy, 1, NOON) == 0


def test_counters_go_on_after_a_restart_and_hold_no_names(counters: Counters, tmp_path: Path) -> None:
    assert answered(counters, caller(60, name="203.0.113.7"), 40, NOON) == 40
    assert answered(Counters(tmp_path / "callers"), caller(60, name="203.0.113.7"), 40, NOON) == 20
    assert b"203.0.113.7" not in (tmp_path / "callers").read_bytes()


ASKING = """
import sys, threading
from pathlib import Path
from catalog.api.quota import Caller, Counters

counters, answered = Counters(Path(sys.argv[1])), []
def ask():
    answered.extend(counters.take(Caller("all", 2_000, 0), float(sys.argv[2])).retry_after is None for _ in range(500))
threads = [threading.Thread(target=ask) for _ in range(4)]
sys.stdin.read(1)
for thread in threads: thread.start()
for thread in threads: thread.join()
print(sum(answered))
"""


def test_processes_and_their_threads_share_one_count(tmp_path: Path) -> None:
    environment = os.environ | {"HUB_DATA_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "datahub.settings"}
    script = "import django; django.setup()" + ASKING
    command = [sys.executable, "-c", script, str(tmp_path / "callers"), str(NOON)]
    processes = [
        subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="ascii"
        )
        for _ in range(3)
    ]
    for process in processes:
        process.stdin.write("!")
        process.stdin.flush()
    assert sum(int(process.communicate()[0]) for process in processes) in range(
        2_000, 2_011
    )  # of 6,000 that were asked


FROZEN = """
import fcntl, sys, time
file = open(sys.argv[1], "r+b")
fcntl.lockf(file, fcntl.LOCK_EX)
print("locked", flush=True)
time.sleep(60)
"""


def test_a_process_that_is_frozen_while_it_counts_holds_up_nobody(counters: Counters, tmp_path: Path) -> None:
    frozen = subprocess.Popen(
        [sys.executable, "-c", FROZEN, str(tmp_path / "callers")], stdout=subprocess.PIPE, encoding="ascii"
    )
    try:
        assert frozen.stdout.readline() == "locked\n"
        began = time.monotonic()
        assert counters.take(caller(60), NOON).retry_after is None
        assert time.monotonic() - began < 20  # it would be frozen for 60
    finally:
        frozen.kill()
        frozen.communicate()


def test_a_count_costs_little(counters: Counters) -> None:
    who, began = caller(10_000_000), time.process_time()
    for _ in range(5_000):
        counters.take(who, NOON)
    assert (time.process_time() - began) / 5_000 < 100e-6  # 8 µs were seen; the rest is for slow machines


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, None, "192.0.2.1"),
        (0, "203.0.113.7", "192.0.2.1"),
        (1, None, "192.0.2.1"),
        (1, "203.0.113.7", "203.0.113.7"),
        (1, "10.9.9.9, 203.0.113.7", "203.0.113.7"),
        (2, "10.9.9.9, 203.0.113.7, 198.51.100.1", "203.0.113.7"),
        (2, "203.0.113.7", "203.0.113.7"),
        (1, "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        (1, "2001:db8:1:2:ffff::9", "2001:db8:1:2::/64"),
        (1, "[2001:db8:1:2::1]", "2001:db8:1:2::/64"),
        (1, "203.0.113.7:4711", "203.0.113.7:4711"),
        (1, " , ", ""),
    ],
)
def test_a_caller_is_what_the_trusted_proxy_saw(
    settings: LazySettings, proxies: int, forwarded: str | None, address: str
) -> None:
    settings.TRUSTED_PROXIES = proxies
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    assert address_of(RequestFactory().get("/", headers=headers, REMOTE_ADDR="192.0.2.1").META) == address


def test_a_proxy_that_nobody_told_of_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    warn_of_proxy.cache_clear()
    for _ in range(3):
        address_of(RequestFactory().get("/", headers={"X-Forwarded-For": "203.0.113.7"}).META)
    assert [record.message for record in caplog.records if "HUB_TRUSTED_PROXIES" in record.message] == [
        "127.0.0.1 sends X-Forwarded-For: if it is your proxy, set HUB_TRUSTED_PROXIES"
    ]


@pytest.mark.django_db
@pytest.mark.parametrize(("language", "part"), [("ko", "1분에 3회"), ("en", "3 a minute are allowed")])
def test_too_many_requests_are_a_problem_that_says_when_to_come_back(
    client: Client, settings: LazySettings, language: str, part: str
) -> None:
    settings.ANONYMOUS_PER_MINUTE = 3
    headers = {"Accept-Language": language}
    left = [client.get(DATASETS, headers=headers)["RateLimit"] for _ in range(3)]
    answer = client.get(DATASETS, headers=headers)

    assert [state.partition(";t=")[0] for state in left] == [f'"minute";r={number}' for number in (2, 1, 0)]
    assert answer.status_code == 429
    assert answer["RateLimit-Policy"] == '"minute";q=3;w=60'
    document = answer.json()
    assert (document["code"], document["policy"], document["status"]) == ("quota-exceeded", "minute", 429)
    assert 1 <= int(answer["Retry-After"]) == document["retry_after"] <= 20
    assert part in document["detail"]
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert "Retry-After" in answer["Access-Control-Expose-Headers"]


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["get", "head"])
@pytest.mark.parametrize(
    "path", ["/api/v1/", "/api/v1/nothing", "/api/3/action/package_list", "/api/none", "/catalog.ttl", "/data.json"]
)
def test_every_door_for_programs_counts(client: Client, settings: LazySettings, path: str, method: str) -> None:
    settings.ANONYMOUS_PER_MINUTE = 1
    assert client.options("/api/v1/datasets").status_code == 204  # a preflight is not the caller's doing
    assert getattr(client, method)(path)["RateLimit"] == '"minute";r=0;t=60'
    assert getattr(client, method)(path).status_code == 429


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/", "/healthz", "/readyz", "/admin/login/", "/standard/1.0/"])
def test_no_page_counts(client: Client, settings: LazySettings, path: str) -> None:
    settings.ANONYMOUS_PER_MINUTE = 1
    answers = [client.get(path) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200] * 3
    assert "RateLimit" not in answers[0]


@pytest.mark.django_db
def test_an_answer_that_has_not_changed_counts_too(client: Client) -> None:
    first = client.get("/api/v1/")
    again = client.get("/api/v1/", headers={"If-None-Match": first["ETag"]})
    assert again.status_code == 304
    assert "RateLimit" in again


@pytest.mark.django_db
def test_a_key_is_counted_by_itself_and_has_what_was_granted_to_it(client: Client, settings: LazySettings) -> None:
    settings.ANONYMOUS_PER_MINUTE, settings.KEY_PER_MINUTE, settings.KEY_PER_DAY = 1, 50, 70
    plain = issue_key(User.objects.create_user("firm"), "x")[1]
    row, own = issue_key(User.objects.get(), "y", per_minute=0, per_day=2)
    client.get(DATASETS)
    assert client.get(DATASETS).status_code == 429

    answer = client.get(DATASETS, headers={"X-API-Key": plain})
    assert answer["RateLimit-Policy"] == '"minute";q=50;w=60, "day";q=70;w=86400'
    assert answer["RateLimit"].startswith('"minute";r=49;t=2, "day";r=69;t=')
    statuses = [client.get(DATASETS, headers={"X-API-Key": own}).status_code for _ in range(4)]
    refused = client.get(DATASETS, headers={"X-API-Key": own})
    assert statuses == [200, 200, 429, 429]
    assert refused["RateLimit-Policy"] == '"day";q=2;w=86400'
    assert refused.json()["policy"] == "day"
    assert 1 <= int(refused["Retry-After"]) <= DAY
    write_uses()
    assert ApiUse.objects.filter(key=row).values_list("requests", "refused").get() == (2, 3)


@pytest.mark.django_db
def test_who_tries_keys_is_counted_by_address(client: Client, settings: LazySettings) -> None:
    settings.ANONYMOUS_PER_MINUTE = 3
    statuses = [client.get(DATASETS, headers={"X-API-Key": f"hub_{number:043}"}).status_code for number in range(5)]
    assert statuses == [401, 401, 401, 429, 429]


@pytest.mark.django_db
def test_without_limits_there_are_no_headers(client: Client, settings: LazySettings) -> None:
    settings.ANONYMOUS_PER_MINUTE = 0
    assert "RateLimit-Policy" not in client.get(DATASETS)


def test_a_moment_of_the_header_is_a_whole_number() -> None:
    states = dict(quota.headers_of(caller(60, 5), quota.Standing(3, 0.2, 4, 10.5)))
    assert states["RateLimit"] == f'"minute";r=3;t=1, "day";r=4;t={math.ceil(10.5)}'
