"""A column for a web address; a form takes one without a scheme as https."""

from typing import Any

from django.db import models
from django.forms import Field

LONGEST_ADDRESS = 2000


class AddressField(models.URLField):
    """A URL of at most 2,000 characters. The form part can go with Django 6.0, which assumes https by itself."""

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **{"max_length": LONGEST_ADDRESS} | options)

    def formfield(self, **options: Any) -> Field | None:  # noqa: ANN401
        return super().formfield(**{"assume_scheme": "https"} | options)
