"""A web application whose answer never ends, drawn from the engine as exports are. For ``test_admission.py``."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from catalog.records.admission import Admission
from catalog.records.engine import Limits, connect

ROOM = Path(os.environ["ROOM"])
LIMITS = Limits(spool=ROOM / "spool")
admission = Admission(ROOM, slots=1, places=4, share=2)


def application(
    environment: dict[str, object], start: Callable[[str, list[tuple[str, str]]], object]
) -> Iterator[bytes]:
    start("200 OK", [("Content-Type", "text/plain")])
    return lines()


def lines() -> Iterator[bytes]:
    with admission.admit(1e12), connect((), LIMITS) as cursor:
        reader = cursor.sql("SELECT range AS n FROM range(1_000_000_000_000)").to_arrow_reader(10_000)
        for batch in reader:
            yield "\n".join(map(str, batch.column(0).to_pylist())).encode()
