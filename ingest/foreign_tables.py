"""Tables read by a process of their own: started and listened to here, read by ``catalog/records/foreign.py``
(and workbooks by ``ingest/workbook_cells.py``).

Whatever a hostile file does to the libraries ends that process; the worker lives and the run fails with a sentence.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import orjson

from catalog.records import foreign
from catalog.text import Text
from ingest.errors import BadSetup, IngestError, UnreadableAnswer
from ingest.http import Answer

PROJECT = Path(foreign.__file__).parents[2]
NAMES = {"parquet": "Parquet", "shapefile": "Shapefile", "geopackage": "GeoPackage"}
DIED = Text(
    ko="읽던 프로세스가 메모리나 시간의 한도를 넘었거나 멈췄습니다. 손상되었거나 악의적인 파일일 수 있습니다.",
    en="the process reading it died or took more memory or time than allowed; it may be damaged or hostile.",
)


def read_foreign(
    answer: Answer, format: Literal["parquet", "shapefile", "geopackage"], path: Path, **options: str | None
) -> Iterator[dict[str, object]]:
    """Yield the rows of a table at ``path``; ``options`` are those of the format's reader."""

    def problem(told: dict[str, str]) -> IngestError:
        reason = Text(ko=told["ko"], en=told["en"])
        if told["of_setup"]:
            return BadSetup(where=f"{answer.location}, {told['of_setup']}", problem=reason)
        return UnreadableAnswer(address=answer.location, format=NAMES[format], reason=reason)

    return listen(foreign.__name__, {"format": format, "path": str(path), **options}, answer, NAMES[format], problem)


def describe_foreign(
    answer: Answer, format: Literal["parquet", "shapefile", "geopackage"], path: Path, **options: str | None
) -> dict[str, Any]:
    """Return the columns, the number of rows and the coordinate system that a table at ``path`` says it has."""
    (told,) = read_foreign(answer, format, path, about="schema", **options)
    return told


def listen(
    module: str,
    job: Mapping[str, str | None],
    answer: Answer,
    format: str,
    problem: Callable[[Any], IngestError],
) -> Iterator[Any]:
    """Yield the rows that a module, run as a process of its own, reads; without its word of the end nothing counts."""
    environment = {"PYTHONPATH": str(PROJECT), "PATH": os.defpath, "OPENBLAS_NUM_THREADS": "1"}
    received, announced = 0, -1
    with subprocess.Popen(
        [sys.executable, "-m", module, orjson.dumps(job).decode()],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        cwd=answer.path.parent,
    ) as process:
        try:
            for line in process.stdout or ():
                if not line.endswith(b"\n"):
                    break
                if line.startswith(b"R"):
                    received += 1
                    yield orjson.loads(line[1:])
                elif line.startswith(b"P"):
                    raise problem(orjson.loads(line[1:]))
                else:
                    announced = int(line[1:])
        finally:
            process.kill()
    if announced != received:
        raise UnreadableAnswer(address=answer.location, format=format, reason=DIED)
