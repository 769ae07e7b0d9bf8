"""The log of readings by grant: begun before the first byte leaves, ended with what was given, refused tries as well.

A reading that cannot be written down is not given: whoever begins one lets the database's error pass.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from urllib.parse import quote

from django.utils import timezone

from catalog.access import Viewer
from catalog.errors import HubError
from catalog.granted import OWN, GrantedQuestion
from catalog.models import Dataset, Reading

Status = Reading.Status
LONGEST_ADDRESS, LONGEST_FORMAT, LONGEST_REASON, LONGEST_NAME = 60, 30, 60, 200
READABLE = " !\"'()*,/:;<>?@[]^`{|}~$"  # what a logged question shows as it was typed, besides letters and digits
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Attempt:
    """Somebody who asks to read: who, what, why, and from which address."""

    slug: str
    viewer: Viewer
    parameters: Sequence[tuple[str, str]]
    purpose: str
    address: str

    @cached_property
    def dataset(self) -> Dataset | None:
        return Dataset.objects.filter(slug=self.slug).first()

    @property
    def question(self) -> str:
        """Return the question as an address would hold it, readable, without the purpose."""
        return "&".join(f"{plain(name)}={plain(value)}" for name, value in self.parameters if name != "purpose")

    @property
    def row(self) -> Reading:
        """Return what is known of it before anything is found, as a row that is not saved."""
        is_known = self.viewer.is_authenticated
        return Reading(
            at=timezone.now(),
            dataset=self.dataset,
            user=self.viewer if is_known else None,
            user_name=self.viewer.get_username()[:LONGEST_NAME] if is_known else "",
            purpose=self.purpose.replace("\x00", ""),
            question=self.question,
            address=self.address[:LONGEST_ADDRESS],
        )


def plain(text: str) -> str:
    """Write a name or value so that it can be read and still be told apart; control characters are escaped."""
    return "".join(letter if letter.isprintable() and ord(letter) > 127 else quote(letter, READABLE) for letter in text)


def log_refusal(attempt: Attempt, error: Exception) -> None:
    """Write down a try that was refused, of a guarded dataset by anybody, of another one by somebody known."""
    dataset = attempt.dataset
    if dataset is None or not (dataset.is_guarded or attempt.viewer.is_authenticated):
        return
    row = attempt.row
    row.status, row.reason, row.ended_at = Status.REFUSED, reason_of(error), row.at
    named = [value for name, value in attempt.parameters if name == OWN[0]]
    if attempt.viewer.is_authenticated and len(named) == 1 and named[0].isdecimal():
        row.grant = dataset.grants.filter(holders=attempt.viewer.pk, pk=int(named[0][:18])).first()
        row.organisation = row.grant.organisation if row.grant else None
    row.save()


def reason_of(error: Exception) -> str:
    """Return the code of an error, as the API tells it; of what is no error of the catalogue, its name."""
    return (error.code if isinstance(error, HubError) else type(error).__name__)[:LONGEST_REASON]


def begin_reading(attempt: Attempt, question: GrantedQuestion) -> Reading:
    """Write down that a reading begins."""
    row = attempt.row
    row.grant, row.organisation = question.grant, question.grant.organisation
    row.snapshot_digest, row.format = question.snapshot.digest, question.format.name[:LONGEST_FORMAT]
    row.save()
    return row


def end_reading(reading: Reading, status: Reading.Status, *, records: int, reason: str = "") -> None:
    """Write down how a reading ended; only the first end of it counts."""
    changed = Reading.objects.filter(pk=reading.pk, status=Status.BEGUN).update(
        status=status, records=records, reason=reason[:LONGEST_REASON], ended_at=timezone.now()
    )
    if not changed:
        logger.warning("reading %s has ended already", reading.pk)


class Given:
    """A streamed answer that writes down its end: all of it given, or broken off by a client that left or by an error.

    It is an object and no generator, because closing a generator that nobody has begun to read runs nothing of it.
    """

    def __init__(self, reading: Reading, first: bytes, chunks: Iterator[bytes], counted: Sequence[int]) -> None:
        self.reading, self.rest, self.counted, self.is_over = reading, chunks, counted, False
        self.chunks = chain([first], chunks)

    def __iter__(self) -> "Given":
        return self

    def __next__(self) -> bytes:
        try:
            return next(self.chunks)
        except StopIteration:
            self.end(Status.GIVEN)
            raise
        except BaseException as error:
            self.end(Status.BROKEN_OFF, reason_of(error) if isinstance(error, Exception) else "")
            raise

    def close(self) -> None:
        """Called with the answer, whether it was read to its end or not."""
        with closing(self.rest):
            self.end(Status.BROKEN_OFF)

    def end(self, status: Reading.Status, reason: str = "") -> None:
        if not self.is_over:
            self.is_over = True
            end_reading(self.reading, status, records=sum(self.counted), reason=reason)
