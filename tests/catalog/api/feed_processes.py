"""Writers and followers of one hub as processes of their own: forked from one that has started, so that many cost little.

    python feed_processes.py FOLDER WRITERS CHANGES FOLLOWERS

Each follower writes down what it heard, in its order: ``FOLDER/heard-<number>.json``.
"""

import json
import os
import random
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import django

django.setup()

from builders import make_dataset, make_organisation  # noqa: E402
from django.db import connections  # noqa: E402
from django.test import Client  # noqa: E402

from catalog.publish import restore_dataset, withdraw_dataset  # noqa: E402

THEMES = ("environment", "health", "transport")
ASKED: tuple[dict[str, str], ...] = ({}, {"theme": "health"})  # the followers take turns


def main() -> None:
    folder, writers, changes, followers = Path(sys.argv[1]), *map(int, sys.argv[2:])
    make_organisation()
    connections.close_all()
    writing = [fork(write, number, changes) for number in range(writers)]
    following = [fork(follow, number, folder) for number in range(followers)]
    failed = [process for process in writing if os.waitpid(process, 0)[1]]
    (folder / "written").touch()
    failed += [process for process in following if os.waitpid(process, 0)[1]]
    sys.exit(len(failed))


def fork(act: Callable[..., None], *arguments: Any) -> int:
    process = os.fork()
    if process:
        return process
    code = 1
    try:
        act(*arguments)
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def write(number: int, changes: int) -> None:
    """Make datasets, describe them anew, withdraw and restore them, some shared with the other writers."""
    chance = random.Random(number)
    for turn in range(changes):
        slug = chance.choice((f"own-{number}", "shared"))
        make_dataset(slug, schema=None, theme=chance.choice(THEMES), title={"ko": f"{number} {turn}"})
        if chance.random() < 0.3:
            withdraw_dataset(slug)
            restore_dataset(slug)


def follow(number: int, folder: Path) -> None:
    """Follow the feed until the writers have ended and nothing is left."""
    client, heard, cursor, is_last = Client(SERVER_NAME="localhost"), [], "", False
    asked = ASKED[number % len(ASKED)] | {"limit": str(3 + number), "wait": "1"}
    while True:
        is_written = (folder / "written").exists()
        answer = client.get("/api/v1/changes", asked | ({"after": cursor} if cursor else {}))
        page = answer.json()
        assert answer.status_code == 200, page
        heard += page["changes"]
        is_last = is_written and not page["more"] and not page["changes"]
        cursor = page["next"]
        if is_last:
            break
    (folder / f"heard-{number}.json").write_text(json.dumps(heard), encoding="utf-8")


if __name__ == "__main__":
    main()
