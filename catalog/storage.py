"""Where records lie and what a question may use, as the settings say."""

import functools
import os
from dataclasses import replace
from pathlib import Path

from django.conf import settings

from catalog.presence import caller_waits
from catalog.records import Indexes, Limits, Store
from catalog.records.admission import Admission

WAITING_PLACES = 16  # heavy questions of a host that may wait


def record_store() -> Store:
    return Store(settings.STORE_DIR)


def question_limits() -> Limits:
    """Return the caps of one question, whoever asks it."""
    return Limits(spool=settings.SPOOL_DIR, memory_mib=settings.QUERY_MEMORY_MIB, seconds=settings.QUERY_SECONDS)


def caller_limits() -> Limits:
    """Return the caps of one question from the web, where many are asked at once: heavy ones wait for their turn."""
    return replace(awaited_limits(), admit=question_admission().admit)


def awaited_limits() -> Limits:
    """Return the caps of a question that ends when the client whose request is being answered is gone."""
    return replace(question_limits(), is_wanted=caller_waits())


def serving_indexes() -> Indexes:
    """Return the serving indexes of this host; a few of them stay open in this process."""
    return indexes_in(settings.INDEX_DIR)


@functools.lru_cache(maxsize=1)
def indexes_in(folder: Path) -> Indexes:
    return Indexes(folder, question_limits())


def question_admission() -> Admission:
    """Return the room that questions of this host are answered in; heavy ones get half of a web process's threads."""
    return admission_in(settings.DATA_DIR, settings.WEB_THREADS)


@functools.lru_cache(maxsize=1)
def admission_in(folder: Path, threads: int) -> Admission:
    slots = os.cpu_count() or 1  # each of them works on one processor
    return Admission(folder / "limits", slots=slots, places=slots + WAITING_PLACES, share=max(threads // 2, 1))
