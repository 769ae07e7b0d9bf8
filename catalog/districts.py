"""The hub's boundaries of districts: a dataset of the hub itself, named by a setting."""

import dataclasses
from collections.abc import Sequence

from django.conf import settings
from django.contrib.auth.models import AnonymousUser

from catalog.asked import find_asked, manifest_of
from catalog.errors import HubError, Unanswerable
from catalog.models import Snapshot
from catalog.records import Districts, Query, codes_at, read_districts, uses_districts
from catalog.storage import question_limits, record_store
from catalog.text import Text


def with_districts(query: Query) -> Query:
    """Return a question that knows which boundaries it is about, if it asks for districts; else the question itself."""
    if not uses_districts(query):
        return query
    known = known_districts()
    if known is None:
        raise Unanswerable(
            parameter="district",
            reason=Text(
                ko="이 허브에는 시군구 경계 데이터셋이 정해져 있지 않습니다 (HUB_BOUNDARIES)",
                en="no dataset of boundaries is set in this hub (HUB_BOUNDARIES)",
            ),
        )
    return dataclasses.replace(query, districts=known.digest)


def known_districts() -> Districts | None:
    """Return the districts as they are published now, held in memory; None when the hub has none."""
    snapshot = boundaries()
    if snapshot is None:
        return None
    if Districts.known is None or Districts.known.digest != snapshot.digest:
        Districts.known = read_districts(manifest_of(snapshot), record_store(), question_limits())
    return Districts.known


def find_district_codes(places: Sequence[tuple[float | None, float | None]]) -> list[str | None]:
    """Return the code of the district that each place (longitude, latitude) lies in; None where that is not known."""
    known = known_districts()
    return [None] * len(places) if known is None else codes_at(known, places)


def boundaries() -> Snapshot | None:
    """Return the snapshot that holds the boundaries; they are public, as the districts of every record are."""
    if not settings.BOUNDARIES:
        return None
    try:
        dataset = find_asked(settings.BOUNDARIES, AnonymousUser())
    except HubError:
        return None
    return dataset.current_snapshot if dataset.access_level == "public" else None
