"""Finding datasets by Korean and English words, codes, place and time, with counts by facet; a verb.

``tokens.py`` and ``question.py`` say what words are, ``vendors.py`` how each database looks them up, ``facets.py`` counts,
``find.py`` puts it together. ``index.py`` is called where datasets are written. docs/decisions/0011 tells why it is so.
"""

from catalog.search.explain import Finder, Match, explain, make_finder
from catalog.search.facets import COUNTED, FACETS, Facet
from catalog.search.find import Box, Found, Hit, Period, Query, find
from catalog.search.index import (
    check_index,
    index_dataset,
    index_datasets,
    index_missing,
    indexed_together,
    rebuild_index,
)
from catalog.search.order import SORTS, Place, place_kinds
from catalog.search.question import Question
from catalog.search.suggest import Suggestion, suggest

__all__ = [
    "COUNTED",
    "FACETS",
    "SORTS",
    "Box",
    "Facet",
    "Finder",
    "Found",
    "Hit",
    "Match",
    "Period",
    "Place",
    "Query",
    "Question",
    "Suggestion",
    "check_index",
    "explain",
    "find",
    "index_dataset",
    "index_datasets",
    "index_missing",
    "indexed_together",
    "make_finder",
    "place_kinds",
    "rebuild_index",
    "suggest",
]
