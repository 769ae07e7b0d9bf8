"""The session that a preview reads through: as guarded as that of a run, with a short time, and asking nothing twice.

Checking, describing and reading begin with the same requests; a platform that counts calls is asked once.
"""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import mkstemp
from typing import Any

from ingest.http import Answer, Limits, Session, ask_freely

MOST_KEPT = 16


class TimeIsUp(Exception):
    """The preview has taken as long as it may."""


class PreviewSession(Session):
    """Remembers the first good answers and gives them again; once ``seconds`` are over it asks for nothing more."""

    def __init__(
        self,
        *,
        seconds: float,
        secrets: Sequence[str],
        file_roots: Sequence[Path],
        allow_private: bool = False,
        authorities: str = "",
        before_request: Callable[[str], None] = ask_freely,
        clock: Callable[[], float] = time.monotonic,
        **options: Any,  # noqa: ANN401 (others of ``Session``)
    ) -> None:
        self._ends = clock() + seconds
        self._now = clock
        self._permit = before_request
        super().__init__(
            secrets=secrets,
            file_roots=file_roots,
            allow_private=allow_private,
            authorities=authorities,
            limits=Limits(total=seconds, read=min(30, seconds), attempts=2),
            before_request=self._admit,
            alive=self.check_time,
            **options,
        )
        self._answers: dict[tuple[object, ...], tuple[Answer, float | None]] = {}
        self.asked = 0

    def check_time(self) -> None:
        if self._now() >= self._ends:
            raise TimeIsUp

    def _admit(self, host: str) -> None:
        self.check_time()
        self._permit(host)

    def _ask(
        self,
        location: str,
        params: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
        body: bytes | None = None,
    ) -> tuple[Answer, float | None]:
        request = (location, tuple(sorted((params or {}).items())), tuple(sorted((headers or {}).items())), body)
        if request in self._answers:
            answer, pause = self._answers[request]
            return self._linked(answer), pause
        answer, pause = super()._ask(location, params, headers, body)
        self.asked += 1
        if answer.status < 300 and len(self._answers) < MOST_KEPT:
            self._answers[request] = (self._linked(answer), pause)
        return answer, pause

    def _linked(self, answer: Answer) -> Answer:
        """Return the same answer under another name, as whoever parses it deletes its file."""
        descriptor, name = mkstemp(dir=self._folder.name)
        os.close(descriptor)
        Path(name).unlink()
        os.link(answer.path, name)
        return replace(answer, path=Path(name))
