"""What a score rests on besides the description: links that were tried, records that were published, what checks found.

Plain values, gathered by whoever has a database (``catalog/quality.py``) or made up by a test. Every judgement points back at
what it rests on by ``Reference``s, which each door turns into addresses of its own.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from catalog.standard.links import Link


class Source(StrEnum):
    """What a reference points at; ``target`` is the place of a field, an address, a digest, a finding's code."""

    FIELD = "field"
    LINK = "link"
    SNAPSHOT = "snapshot"
    FINDING = "finding"
    SCHEMA = "schema"
    SHAPES = "shapes"


@dataclass(frozen=True)
class Reference:
    source: Source
    target: str = ""


@dataclass(frozen=True)
class Finding:
    """Something that a check found in the records that are published now: how many records, in which column."""

    code: str
    column: str
    count: int


@dataclass(frozen=True)
class Publication:
    """One publication of records. ``confirmed_at`` is when the source was last seen to hold nothing newer."""

    snapshot: str
    published_at: dt.datetime
    confirmed_at: dt.datetime


@dataclass(frozen=True)
class Evidence:
    """``own`` are addresses that this hub serves itself; ``publications`` come newest first.

    ``shacl_conforms`` is what a validator said about the description as DCAT-AP; None: see ``missing_for_dcat_ap``.
    ``assumed`` are fields that the publisher never filled and a reader of foreign documents had to; they earn nothing.
    """

    now: dt.datetime
    links: Mapping[str, Link] = field(default_factory=dict)
    own: frozenset[str] = frozenset()
    shacl_conforms: bool | None = None
    assumed: frozenset[str] = frozenset()
    table_schema: Mapping[str, Any] | None = None
    publications: tuple[Publication, ...] = ()
    records: int = 0
    refused: int = 0
    findings: tuple[Finding, ...] = ()
