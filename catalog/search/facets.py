"""By what datasets are narrowed and counted, and the whole catalogue as sets of entries by code.

The sets are read from ``SearchEntry`` chunk by chunk and kept by each process under the version that the chunk has in the
database. A change gives its chunk a new version in the same transaction, so nothing has to be told to forget anything.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson
from django.utils import timezone

from catalog.models.search_entry import CHUNK_SIZE, SearchChunk, SearchEntry
from catalog.search.bits import Bits, bits_of, union
from catalog.standard.regions import LEVELS, closest_region, current_code, parents, successors, way_down
from catalog.text import Text


@dataclass(frozen=True)
class Facet:
    """A way to narrow. ``vocabulary`` has its codes (none: slugs); what is not counted can still be asked for."""

    name: str
    label: Text
    vocabulary: str = ""
    is_counted: bool = True


FACETS: Mapping[str, Facet] = {
    facet.name: facet
    for facet in (
        Facet("theme", Text(ko="분야", en="Theme"), "theme"),
        Facet("organisation", Text(ko="제공기관", en="Publisher")),
        Facet("region", Text(ko="지역", en="Region"), "region"),
        Facet("model", Text(ko="데이터 모델", en="Data model"), "data_model"),
        Facet("format", Text(ko="파일 형식", en="Format"), "file_type"),
        Facet("licence", Text(ko="이용허락", en="Licence"), "licence"),
        Facet("access_level", Text(ko="공개 등급", en="Access level"), "access_level"),
        Facet("frequency", Text(ko="갱신 주기", en="Update frequency"), "frequency"),
        Facet("quality", Text(ko="품질", en="Quality"), "quality_band"),
        Facet("series", Text(ko="시리즈", en="Series"), is_counted=False),
    )
}
COUNTED = tuple(name for name, facet in FACETS.items() if facet.is_counted)

Codes = Mapping[str, Mapping[str, Bits]]


@dataclass(frozen=True)
class Catalogue:
    """All entries, and those with each code of each facet; ``versions`` are the chunks that it was read from."""

    versions: Mapping[int, UUID] = field(default_factory=dict)
    entries: Bits = 0
    codes: Codes = field(default_factory=dict)

    def having(self, facet: str, codes: Iterable[str]) -> Bits:
        """Return the entries that have one of the codes; a region's are those of the regions inside it too."""
        sets = self.codes.get(facet, {})
        if facet == "region":
            wanted, today = set(codes), timezone.localdate()
            return union(bits for code, bits in sets.items() if not wanted.isdisjoint(regions_around(code, today)))
        return union(sets.get(code, 0) for code in codes)

    def count(self, facet: str, among: Bits) -> dict[str, int]:
        """Count some entries by the codes of a facet, most first; regions by province."""
        sets = self.codes.get(facet, {})
        if facet == "region":
            sets = by_province(sets, timezone.localdate())
        counted = {code: number for code, bits in sets.items() if (number := (bits & among).bit_count())}
        return dict(sorted(counted.items(), key=lambda pair: (-pair[1], pair[0])))


def by_province(sets: Mapping[str, Bits], today: dt.date) -> Mapping[str, Bits]:
    """Return the sets joined by the province that each region is in today, which may not be the one of its code."""
    provinces: dict[str, Bits] = defaultdict(int)
    for code, bits in sets.items():
        provinces[(current_code(code, today) or code)[:2]] |= bits
    return provinces


@lru_cache(maxsize=20_000)
def regions_around(code: str, today: dt.date) -> frozenset[str]:
    """Return a region, all that it lies in, and where its area lies today: 42 (강원도) is in 51 (강원특별자치도) by now."""
    around = {code[:level] for level in LEVELS if level <= len(code)}
    for listed in {region.code for region in [closest_region(code)] if region} | set(successors(code, today)):
        around |= set(way_down(listed, parents()))
    return frozenset(around)


class LastRead:
    """The catalogue as this process read it last."""

    catalogue = Catalogue()


def read_catalogue() -> Catalogue:
    """Return the catalogue as it is now: one small statement, and a second one when something has changed."""
    kept = LastRead.catalogue
    versions = dict(SearchChunk.objects.values_list("number", "version"))
    changed = [number for number, version in versions.items() if kept.versions.get(number) != version]
    gone = [number for number in kept.versions if number not in versions]
    if changed or gone:
        kept = LastRead.catalogue = read_again(kept, {number: versions[number] for number in changed}, gone)
    return kept


def read_again(kept: Catalogue, changed: Mapping[int, UUID], gone: Iterable[int]) -> Catalogue:
    """Return the catalogue with some chunks as they are now, each under the version that it has in the same statement."""
    rows = SearchEntry.objects.filter(chunk__in=list(changed)).values_list("id", "codes", "chunk_id", "chunk__version")
    versions = {number: version for number, version in kept.versions.items() if number not in gone} | dict(changed)
    everything: list[int] = []
    entries: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for entry, codes, number, version in rows.iterator(chunk_size=CHUNK_SIZE):
        everything.append(entry)
        for facet, values in orjson.loads(codes).items():
            for code in values:
                entries[facet][code].append(entry)
        versions[number] = version
    unchanged = ~union(mask_of(number) for number in (*changed, *gone))
    return Catalogue(
        versions=versions,
        entries=(kept.entries & unchanged) | bits_of(everything),
        codes={
            facet: join_sets(kept.codes.get(facet, {}), unchanged, entries.get(facet, {}))
            for facet in {**kept.codes, **entries}
        },
    )


def join_sets(old: Mapping[str, Bits], unchanged: Bits, new: Mapping[str, Sequence[int]]) -> dict[str, Bits]:
    """Return the sets by code: what was left unchanged of the old ones, and the new entries."""
    joined = {code: (old.get(code, 0) & unchanged) | bits_of(new.get(code, ())) for code in {**old, **new}}
    return {code: bits for code, bits in joined.items() if bits}


def write_codes(codes: Mapping[str, Any]) -> str:
    return orjson.dumps(codes, option=orjson.OPT_SORT_KEYS).decode()


def mask_of(chunk: int) -> Bits:
    return ((1 << CHUNK_SIZE) - 1) << (chunk * CHUNK_SIZE)
