"""Datasets whose identifier nobody knows although they look like known ones: put off until all that is told has been seen.

They wait in a temporary file, not in memory: a portal that was moved tells every identifier anew.
"""

import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import orjson

from catalog.exchange.entry import Entry
from catalog.text import Text
from ingest.harvest.failures import entry_document, entry_of
from ingest.harvest.identity import Marks, canonical
from ingest.harvest.rows import Known

AMBIGUOUS = Text(
    ko="식별자가 바뀌었는데 내용이 같은 데이터셋이 여럿입니다: {candidates}. 어느 것인지 골라 주십시오",
    en="its identifier changed and several datasets are alike: {candidates}; choose which it is",
)
NOT_WHOLE = Text(
    ko="이미 있는 데이터셋과 같아 보이지만({candidates}) 원천의 답이 온전하지 않아 판단하지 않았습니다",
    en="it looks like one that is here ({candidates}), but the answer was not whole, so that nothing was decided",
)
IN_MEMORY = 2**20  # bytes of each file before it goes to disk
MARK_NAMES = ("name_key", "links_key", "content_key")  # the surest first


class Deferred:
    """A file of datasets that wait; it is read twice: for what is the same to the letter, then for what is alike."""

    def __init__(self, first: IO[bytes], second: IO[bytes]) -> None:
        self.first, self.second = first, second
        self.shared: Counter[int] = Counter()  # how many of the second file have a mark

    def add(self, entry: Entry, marks: Marks, organisation: str) -> None:
        write(self.first, entry, marks, organisation)

    def put_off(self, entry: Entry, marks: Marks, organisation: str) -> None:
        """Let a dataset wait for the second look."""
        self.shared.update(mark_number(value) for value in values_of(marks))
        write(self.second, entry, marks, organisation)

    def read(self, *, is_exact: bool) -> Iterator[tuple[Entry, Marks, str]]:
        file = self.first if is_exact else self.second
        file.seek(0)
        for line in file:
            document = orjson.loads(line)
            marks = Marks(**document["marks"] | {"document": document["raw"].encode()})
            yield entry_of(document["entry"]), marks, document["organisation"]

    def candidates(self, marks: Marks, found: list[Known]) -> list[Known] | None:
        """Return the rows that a dataset may be, by its surest mark that says anything; None when others claim them too."""
        for number, name in enumerate(MARK_NAMES):
            value = getattr(marks, name)
            rows = [row for row in found if value and row.marks[number] == value]
            here = [row for row in rows if not row.is_gone] or rows
            if here:
                return here if self.shared[mark_number(value)] == 1 else None
        return []


@contextmanager
def open_deferred() -> Iterator[Deferred]:
    with (
        tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as first,
        tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as second,
    ):
        yield Deferred(first, second)


def write(file: IO[bytes], entry: Entry, marks: Marks, organisation: str) -> None:
    document = {
        "entry": entry_document(entry, marks),
        "marks": {name: value for name, value in vars(marks).items() if name != "document"},
        "raw": marks.document.decode(),
        "organisation": organisation,
    }
    file.write(canonical(document) + b"\n")


def values_of(marks: Marks) -> set[str]:
    return {getattr(marks, name) for name in MARK_NAMES} - {""}


def mark_number(value: str) -> int:
    """Return a mark as a number of eight bytes, which takes a third of the memory."""
    return int(value[:16], 16)
