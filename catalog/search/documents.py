"""What of a dataset goes into the index: its tokens, codes, sort keys, box and period. It only computes.

Datasets come with what ``RELATED`` names.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalog.models import Dataset
from catalog.records import FORMATS
from catalog.search.facets import write_codes
from catalog.search.tokens import initial_tokens, text_tokens, title_tokens, word_tokens, words_of
from catalog.search.vendors import Tokens
from catalog.share import SERVED, measured_coverage
from catalog.standard import label_of

RELATED = ("organisation", "distribution__current_snapshot__parts", "distributions")
LONGEST_KEY = 200  # characters of a title that are sorted by
LONGEST_TEXT = 20_000  # characters of a description that are searched
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Document:
    """One dataset as the index holds it; ``columns`` are those of ``SearchEntry``."""

    columns: Mapping[str, Any]
    tokens: Tokens


def make_document(dataset: Dataset) -> Document:
    return Document(columns=entry_columns(dataset), tokens=make_tokens(dataset))


def entry_columns(dataset: Dataset) -> dict[str, Any]:
    words = words_of(dataset.title_ko or dataset.title_en)
    measured = measured_coverage(dataset.told_snapshot) if dataset.told_snapshot else {}
    west, south, east, north = dataset.bbox or measured.get("bbox") or (None,) * 4
    starts, ends = period_of(dataset, measured.get("temporal", {}))
    return {
        "slug": dataset.slug,
        "title": " ".join(words)[:LONGEST_KEY],
        "title_length": sum(map(len, words)),
        "updated": (dataset.modified_at - EPOCH) // dt.timedelta(microseconds=1),
        "codes": write_codes(codes_of(dataset)),
        "west": west,
        "south": south,
        "east": east,
        "north": north,
        "starts": starts,
        "ends": ends,
    }


def period_of(dataset: Dataset, measured: Mapping[str, str]) -> tuple[dt.date | None, dt.date | None]:
    """Return the period that is described, else the one that the records were measured to cover."""
    if dataset.temporal_start or dataset.temporal_end:
        return dataset.temporal_start, dataset.temporal_end
    return day_of(measured.get("start", "")), day_of(measured.get("end", ""))


def day_of(text: str) -> dt.date | None:
    """Return a day; None for what is no day, as the years of some records."""
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def codes_of(dataset: Dataset) -> dict[str, list[str]]:
    """Return the codes by facet; a facet without any is left out."""
    distributions = dataset.distributions.all()
    codes = {
        "theme": [dataset.theme],
        "organisation": [dataset.organisation.slug],
        "region": [dataset.region],
        "model": [dataset.data_model],
        "format": [*(distribution.format for distribution in distributions), *served_formats(dataset)],
        "licence": [dataset.licence, *(distribution.licence for distribution in distributions)],
        "access_level": [dataset.access_level],
        "frequency": [dataset.frequency],
        "quality": [dataset.quality_band],
        "series": dataset.series,
    }
    return {facet: sorted({code for code in values if code}) for facet, values in codes.items() if any(values)}


def served_formats(dataset: Dataset) -> Iterator[str]:
    """Yield the file types in which this hub serves the records itself."""
    if dataset.told_snapshot:
        for name, (file_type, *_) in SERVED.items():
            if dataset.distribution.schema.get("geometry") or not FORMATS[name].needs_place:
                yield file_type


def make_tokens(dataset: Dataset) -> Tokens:
    titles = (dataset.title_ko, dataset.title_en)
    return Tokens(
        title=frozenset().union(*map(title_tokens, titles)),
        initials=frozenset().union(*map(initial_tokens, titles)),
        names=frozenset(word_tokens(names_of(dataset))),
        text=frozenset().union(
            *(text_tokens(text[:LONGEST_TEXT]) for text in (dataset.description_ko, dataset.description_en))
        ),
    )


def names_of(dataset: Dataset) -> Iterator[str]:
    """Yield what is searched besides title and description."""
    yield dataset.slug
    for texts in names_by_field(dataset).values():
        yield from texts


def names_by_field(dataset: Dataset) -> dict[str, Sequence[str]]:
    """Return the names of a dataset by the field that they belong to, as an answer shows where a word was found."""
    return {
        "keywords": [*dataset.keywords_ko, *dataset.keywords_en],
        "columns": list(column_names(dataset)),
        "organisation": [dataset.organisation.name_ko, dataset.organisation.name_en],
        "region": both(label_of("region", dataset.region)) if dataset.region else [],
        "spatial_text": [dataset.spatial_text_ko, dataset.spatial_text_en],
        "theme": both(label_of("theme", dataset.theme)),
    }


def column_names(dataset: Dataset) -> Iterator[str]:
    """Yield names and titles of the columns: of the records that the hub serves, and of the described ones."""
    schema = (dataset.distribution.schema if dataset.distribution else None) or {}
    for column in schema.get("fields", ()):
        yield from (column["name"], *column.get("titles", {}).values(), column.get("source", ""))
    for column in dataset.columns:
        yield from (column.get("name", ""), *column.get("title", {}).values())


def both(label: object) -> list[str]:
    return [label.ko, label.en]
