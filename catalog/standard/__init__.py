"""The metadata standard as data: the profile, its vocabularies, and the check of a description. Plain Python."""

from catalog.standard.conformance import (
    RULES,
    SLUG_PATTERN,
    Conformance,
    Level,
    Problem,
    check_description,
)
from catalog.standard.profile import (
    CLASSES,
    FIELD,
    FIELDS,
    GROUPS,
    NAMESPACE,
    PREFIXES,
    PROFILE,
    VERSION,
    Class,
    Field,
    Kind,
    Obligation,
    fields_of,
)
from catalog.standard.vocabularies import Concept, is_region, label_of, vocabulary

__all__ = [
    "CLASSES",
    "FIELD",
    "FIELDS",
    "GROUPS",
    "NAMESPACE",
    "PREFIXES",
    "PROFILE",
    "RULES",
    "SLUG_PATTERN",
    "VERSION",
    "Class",
    "Concept",
    "Conformance",
    "Field",
    "Kind",
    "Level",
    "Obligation",
    "Problem",
    "check_description",
    "fields_of",
    "is_region",
    "label_of",
    "vocabulary",
]
