"""The metadata standard as data: the profile, its vocabularies, and the check of a description. Plain Python."""

from catalog.standard.conformance import SLUG_PATTERN, Problem, check_description
from catalog.standard.profile import FIELD, FIELDS, VERSION, Field, Kind, Obligation
from catalog.standard.vocabularies import Concept, is_region, label_of, vocabulary

__all__ = [
    "FIELD",
    "FIELDS",
    "SLUG_PATTERN",
    "VERSION",
    "Concept",
    "Field",
    "Kind",
    "Obligation",
    "Problem",
    "check_description",
    "is_region",
    "label_of",
    "vocabulary",
]
