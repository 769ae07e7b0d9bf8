"""A column for a web address; a form takes one without a scheme as https."""

from typing import Any

from django.db import models
from django.forms import Field


class AddressField(models.URLField):
    """A URL. Can go when Django 6.0 is the floor, where https is what a form assumes by itself."""

    def formfield(self, **options: Any) -> Field | None:  # noqa: ANN401
        return super().formfield(**{"assume_scheme": "https"} | options)
