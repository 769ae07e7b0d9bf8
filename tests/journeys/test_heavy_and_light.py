"""Heavy questions fill a real hub, and light ones are answered all the same; a key from the command line opens and is counted."""

import http.client
import json
import os
import re
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from hub_processes import hub_environment, make_tables, manage, running, wait_until

from datahub.quickstart import free_port

pytestmark = pytest.mark.journey
COLUMNS = 40
ROWS = 5_000
TIMES = 60  # with all columns a heavy export, of 40 MB, which no network holds while nobody reads
CROWD = 12
LIGHT = "/api/v1/datasets/small/records?limit=1"
HEAVY = "/api/v1/datasets/large/records.csv?c0__gte=-{number}"  # each its own, so that none is an answer that is kept
# The part of a snapshot, again and again: a large table at the cost of a small one.
FILL = f"""
from django.contrib.auth.models import User
from django.core.management import call_command
from catalog.models import Dataset
User.objects.create_user("firm")
for slug in ("large", "small", "registered"):
    call_command("run_source", slug, here=True)
snapshot = Dataset.objects.get(slug="large").distribution.current_snapshot
part = snapshot.parts.get()
for part.position in range(1, {TIMES}):
    part.pk = None
    part.save(force_insert=True)
snapshot.records *= {TIMES}
snapshot.digest = snapshot.manifest.digest
snapshot.save()
"""

HUB_FILE = """
[[organisations]]
slug = "saebit"
name = { ko = "새빛시", en = "Saebit City" }
"""
DATASET = """
[[datasets]]
slug = "{slug}"
organisation = "saebit"
title = {{ ko = "{slug}", en = "{slug}" }}
description = {{ ko = "시험용으로 지어낸 자료입니다.", en = "Made up for a test." }}
theme = "transport"
licence = "cc0-1.0"
access_level = "{level}"
{reason}
columns = [
{columns}
]

[[sources]]
slug = "{slug}"
dataset = "{slug}"
connector = "file"
config = {{ path = "{path}" }}
"""


@dataclass(frozen=True)
class Hub:
    """A hub that runs, and the environment of its commands."""

    port: int
    environment: dict[str, str]

    @contextmanager
    def asked(self, address: str, key: str = "") -> Iterator[http.client.HTTPResponse]:
        """Ask, and hang up at the end, whatever was read of the answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("GET", address, headers={"X-API-Key": key} if key else {})
        try:
            with connection.getresponse() as answer:
                yield answer
        finally:
            connection.close()

    def status(self, address: str, key: str = "") -> int:
        with self.asked(address, key) as answer:
            answer.read()
            return answer.status


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    folder, port = tmp_path_factory.mktemp("hub"), free_port()
    hub_file = folder / "hub.toml"
    datasets = [
        declare(folder, "large", rows=ROWS, columns=COLUMNS),
        declare(folder, "small", rows=10, columns=2),
        declare(folder, "registered", rows=10, columns=2, level="registered"),
    ]
    hub_file.write_text(HUB_FILE + "".join(datasets), encoding="utf-8")
    with hub_environment(folder / "var") as environment:
        environment |= {"HUB_FILE_ROOTS": str(folder), "HUB_ANONYMOUS_PER_MINUTE": "0"}
        make_tables(environment)
        for command in (["apply", str(hub_file)], ["shell", "-c", FILL]):
            done = manage(environment, *command)
            assert done.returncode == 0, done.stdout + done.stderr
        with running(environment, folder / "output", "serve", "--port", str(port)):
            hub = Hub(port, environment)
            wait_until(lambda: answers(hub))
            yield hub


def declare(folder: Path, slug: str, *, rows: int, columns: int, level: str = "public") -> str:
    """Write the file of a dataset and return its part of the hub file."""
    names = [f"c{number}" for number in range(columns)]
    path = folder / f"{slug}.csv"
    with path.open("w", encoding="ascii") as file:
        file.write(",".join(names) + "\n")
        file.writelines(",".join([str(row), *["12"] * (columns - 1)]) + "\n" for row in range(rows))
    described = "\n".join(
        f'  {{ name = "{name}", type = "integer", title = {{ ko = "{name}", en = "{name}" }} }},' for name in names
    )
    reason = 'access_reason = { ko = "시험", en = "a test" }' if level != "public" else ""
    return DATASET.format(slug=slug, level=level, reason=reason, columns=described, path=path)


def answers(hub: Hub) -> bool:
    try:
        return hub.status(LIGHT) == 200
    except OSError:
        return False


def test_light_questions_are_answered_while_heavy_ones_fill_the_hub(hub: Hub) -> None:
    crowd = Crowd(hub)
    with crowd:
        wait_until(lambda: len(crowd.streaming) == min(os.cpu_count() or 1, 4))
        during = [hub.status(LIGHT) for _ in range(40)]
        assert during == [200] * 40
        assert crowd.streaming  # they have been there all the time

        crowd.wait()
        assert len(crowd.streaming) + len(crowd.refused) == CROWD
        assert len(crowd.streaming) <= (os.cpu_count() or 1)
        for headers, document in crowd.refused:
            assert (document["status"], document["code"]) == (503, "too-busy")
            assert 1 <= int(headers["Retry-After"]) == document["retry_after"] <= 120
        assert [hub.status(LIGHT) for _ in range(20)] == [200] * 20

    # All clients have gone in the middle of their answers: the next heavy question is answered, to its end.
    wait_until(lambda: lines(hub) == ROWS * TIMES + 1, seconds=60)


class Crowd:
    """Clients that ask heavy questions at once and do not read their answers until they leave."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.streaming: list[http.client.HTTPResponse] = []
        self.refused: list[tuple[http.client.HTTPMessage, dict[str, object]]] = []
        self.threads = [threading.Thread(target=self.ask, args=[number]) for number in range(CROWD)]
        self.stack = ExitStack()

    def __enter__(self) -> "Crowd":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.wait()
        self.stack.close()

    def wait(self) -> None:
        for thread in self.threads:
            thread.join()

    def ask(self, number: int) -> None:
        answer = self.stack.enter_context(self.hub.asked(HEAVY.format(number=number)))
        if answer.status == 200:
            self.streaming.append(answer)
        else:
            self.refused.append((answer.headers, json.loads(answer.read())))


def lines(hub: Hub) -> int:
    with hub.asked(HEAVY.format(number=CROWD)) as answer:
        return answer.read().count(b"\n") if answer.status == 200 else 0


def test_a_key_from_the_command_line_opens_and_is_counted(hub: Hub) -> None:
    registered = "/api/v1/datasets/registered/records"
    issued = manage(hub.environment, "issue_key", "--user", "firm", "--label", "지도 서비스")
    key = issued.stdout.strip()
    assert re.fullmatch(r"hub_[\w-]{43}", key), issued.stderr

    assert [hub.status(registered), hub.status(registered, "wrong"), hub.status(registered, key)] == [403, 401, 200]
    with hub.asked(registered, key) as answer:
        assert '"minute";q=6000;w=60' in answer.headers["RateLimit-Policy"]

    used = "from catalog.models import ApiUse; print([use.requests for use in ApiUse.objects.all()])"
    wait_until(lambda: manage(hub.environment, "shell", "-c", used).stdout.endswith("[2]\n"))

    revoked = "from catalog.keys import revoke_key; from catalog.models import ApiKey; revoke_key(ApiKey.objects.get())"
    assert manage(hub.environment, "shell", "-c", revoked).returncode == 0
    wait_until(lambda: hub.status(registered, key) == 401)
