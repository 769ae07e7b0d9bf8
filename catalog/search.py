"""Finding datasets: Korean and English words in titles, descriptions, keywords and column names, with counts by facet.

Every word of the question must occur; words are matched as parts of words and across spaces, so 미세먼지 finds 미세 먼지 and
the other way round. Titles rank before the rest.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping

from django.db.models import Case, Count, IntegerField, Q, Value, When
from django.db.models.functions import Substr

from catalog.models.dataset import Dataset, DatasetQuerySet

SPACES = re.compile(r"\s+")


def searchable_title(dataset: Dataset) -> str:
    return twice(f"{dataset.title_ko} {dataset.title_en}")


def searchable_text(dataset: Dataset, column_words: str, organisation_name: str) -> str:
    words = [*dataset.keywords_ko, *dataset.keywords_en, organisation_name, dataset.slug, column_words]
    return twice(" ".join([dataset.title_ko, dataset.title_en, dataset.description_ko, dataset.description_en, *words]))


def twice(text: str) -> str:
    """Return a text as written and once more without spaces."""
    return f"{normalise(text)}\n{SPACES.sub('', normalise(text))}"


def normalise(text: str) -> str:
    return SPACES.sub(" ", unicodedata.normalize("NFC", text).casefold()).strip()


def match_text(datasets: DatasetQuerySet, question: str) -> DatasetQuerySet:
    """Return the datasets that hold every word of the question, with ``rank`` (2: in the title, 1: elsewhere)."""
    words = normalise(question).split(" ")
    joined = "".join(words)
    matches = Q(search_text__contains=joined)
    every = Q()
    for word in words:
        every &= Q(search_text__contains=word)
    in_title = Q(search_title__contains=joined)
    return datasets.filter(matches | every).annotate(
        rank=Case(When(in_title, then=Value(2)), default=Value(1), output_field=IntegerField())
    )


def match_all(datasets: DatasetQuerySet) -> DatasetQuerySet:
    """Return the datasets unfiltered, with the same ``rank`` for all."""
    return datasets.annotate(rank=Value(1, output_field=IntegerField()))


FACETS: Mapping[str, str] = {
    "theme": "theme",
    "organisation": "organisation__slug",
    "region": "province",
    "access_level": "access_level",
    "frequency": "frequency",
}


def narrow(datasets: DatasetQuerySet, facet: str, codes: Iterable[str]) -> DatasetQuerySet:
    """Return the datasets that have one of the codes in a facet; a region also finds the regions inside it.

    Without codes the facet does not narrow.
    """
    chosen = list(codes)
    if not chosen:
        return datasets
    if facet != "region":
        return datasets.filter(**{f"{FACETS[facet]}__in": chosen})
    inside = Q()
    for code in chosen:
        inside |= Q(region__startswith=code)
    return datasets.filter(inside)


def count_facets(datasets: DatasetQuerySet) -> dict[str, dict[str, int]]:
    """Count the found datasets by each facet, most first."""
    found = datasets.annotate(province=Substr("region", 1, 2)).order_by()
    facets = {}
    for name, column in FACETS.items():
        rows = found.values_list(column).annotate(number=Count("id", distinct=True))
        facets[name] = {code: number for code, number in sorted(rows, key=lambda row: (-row[1], row[0])) if code}
    return facets
