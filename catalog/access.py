"""Who may see what: one table of access levels, asked by every door.

The records of a guarded dataset are read by nobody, whatever the level says; the one door to them is ``granted.py``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser

from catalog.errors import AccessDenied, Guarded
from catalog.models import Dataset
from catalog.models.dataset import DatasetQuerySet
from catalog.standard import label_of
from catalog.text import Text

Viewer = AbstractBaseUser | AnonymousUser


@dataclass(frozen=True)
class Rule:
    """Who sees that a dataset exists, and who may read its records."""

    sees: Callable[[Viewer], bool]
    reads: Callable[[Viewer], bool]


def anyone(viewer: Viewer) -> bool:
    return True


def signed_in(viewer: Viewer) -> bool:
    return viewer.is_authenticated


def steward(viewer: Viewer) -> bool:
    return viewer.is_active and getattr(viewer, "is_staff", False)


RULES: Mapping[str, Rule] = {
    "public": Rule(sees=anyone, reads=anyone),
    "registered": Rule(sees=anyone, reads=signed_in),
    "restricted": Rule(sees=anyone, reads=steward),
    "non-public": Rule(sees=steward, reads=steward),
}


def visible_datasets(viewer: Viewer) -> DatasetQuerySet:
    """Return the datasets whose description the viewer may see; withdrawn ones are gone for everybody."""
    levels = [level for level, rule in RULES.items() if rule.sees(viewer)]
    return Dataset.objects.current().filter(access_level__in=levels).select_related("organisation")


def readable_datasets(viewer: Viewer) -> DatasetQuerySet:
    """Return the datasets whose records the viewer may read."""
    levels = [level for level, rule in RULES.items() if rule.reads(viewer)]
    return visible_datasets(viewer).filter(access_level__in=levels, is_guarded=False)


def may_read(viewer: Viewer, dataset: Dataset) -> bool:
    """Tell whether the viewer may read the records."""
    return not dataset.is_guarded and RULES[dataset.access_level].reads(viewer)


def require_reading(viewer: Viewer, dataset: Dataset) -> None:
    """Refuse a viewer who may not read the records, with the reason that the steward gave."""
    if dataset.is_guarded:
        raise Guarded(dataset=dataset.slug)
    if not RULES[dataset.access_level].reads(viewer):
        raise AccessDenied(
            dataset=dataset.slug,
            level=label_of("access_level", dataset.access_level),
            reason=Text(ko=dataset.access_reason_ko, en=dataset.access_reason_en),
        )
