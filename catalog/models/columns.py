"""Columns for the fields of the metadata profile: one constructor for each way that a value is stored.

The label and the help text of a column come from the field's row. ``class_`` is the class of the standard that the model
stores. How a description is read from such columns and written to them is in ``catalog/describe.py``.
"""

from django.db import models

from catalog.models.address import AddressField
from catalog.models.labels import definition, label
from catalog.standard import Class

LONGEST_STRING = 1000
LONGEST_CODE = 60


def text(field: str, language: str, class_: Class = Class.DATASET) -> models.TextField:
    """Return the column of a text in one language."""
    help_text = definition(field, class_) if language == "ko" else ""
    return models.TextField(label(field, language, class_), blank=True, help_text=help_text)


def listed(field: str, class_: Class = Class.DATASET, *, language: str = "") -> models.JSONField:
    """Return the column of a field that may have several values."""
    return models.JSONField(
        label(field, language, class_), default=list, blank=True, help_text=definition(field, class_)
    )


def coded(field: str, class_: Class = Class.DATASET, **options: object) -> models.CharField:
    """Return the column of one code; the form offers the vocabulary's codes, so that a new code needs no migration."""
    return models.CharField(
        label(field, "", class_),
        max_length=LONGEST_CODE,
        **{"blank": True, "help_text": definition(field, class_)} | options,
    )


def string(field: str, class_: Class = Class.DATASET) -> models.CharField:
    return models.CharField(
        label(field, "", class_), max_length=LONGEST_STRING, blank=True, help_text=definition(field, class_)
    )


def address(field: str, class_: Class = Class.DATASET) -> AddressField:
    return AddressField(label(field, "", class_), blank=True, help_text=definition(field, class_))


def day(field: str, class_: Class = Class.DATASET) -> models.DateField:
    return models.DateField(label(field, "", class_), null=True, blank=True, help_text=definition(field, class_))


def whole(field: str, class_: Class = Class.DATASET) -> models.BigIntegerField:
    return models.BigIntegerField(label(field, "", class_), null=True, blank=True, help_text=definition(field, class_))


def decimal(field: str, class_: Class = Class.DATASET) -> models.FloatField:
    return models.FloatField(label(field, "", class_), null=True, blank=True, help_text=definition(field, class_))


def yes_or_no(field: str, class_: Class = Class.DATASET) -> models.BooleanField:
    return models.BooleanField(label(field, "", class_), null=True, blank=True, help_text=definition(field, class_))


def document(field: str, class_: Class = Class.DATASET) -> models.JSONField:
    """Return the column of one value with parts of its own, as a box."""
    return models.JSONField(label(field, "", class_), null=True, blank=True, help_text=definition(field, class_))
