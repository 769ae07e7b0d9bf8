"""Identifiers: one rule for the slugs of organisations, datasets and sources, asked by forms and by whoever writes."""

from django.core.exceptions import ValidationError

from catalog.models.labels import in_current_language
from catalog.standard.conformance import SLUG_PATTERN
from catalog.text import Text

SLUG_LENGTH = 100
SLUG_RULE = Text(
    ko=f"식별자는 영문 소문자와 숫자를 '-'로 이은 {SLUG_LENGTH}자 이하여야 합니다",
    en=f"an identifier is made of lower-case letters and digits, joined by '-', at most {SLUG_LENGTH} characters",
)


def is_slug(slug: str) -> bool:
    return len(slug) <= SLUG_LENGTH and SLUG_PATTERN.match(slug) is not None


def check_slug(slug: str) -> None:
    """Refuse a bad identifier in a form."""
    if not is_slug(slug):
        raise ValidationError(in_current_language(SLUG_RULE))
