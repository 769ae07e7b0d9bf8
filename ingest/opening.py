"""Opening a dataset that was closed for the sake of a column: what was decided at a source is held against it.

A run looks at this before it publishes; what is published already would be open at once.
"""

from catalog.errors import BadDescription
from catalog.models import Dataset
from catalog.text import Text
from ingest.models import Source
from ingest.personal_data import CLOSED, chosen

STAYS_CLOSED = Text(
    ko="'{source}' 소스의 열 {columns}에 개인정보가 있어 '제한 공개'로 정했습니다. 먼저 그 결정을 가림이나 비움으로 바꾸고 다시 "
    "수집하십시오.",
    en="Columns {columns} of the source '{source}' hold personal data and were decided to be restricted; first decide to mask or "
    "drop them there, and pull again.",
)


def objection(slug: str, level: str) -> Text | None:
    """Return why a dataset may not be opened to a level; None when it may, or is open already."""
    if level in CLOSED or not Dataset.objects.filter(slug=slug, access_level__in=CLOSED).exists():
        return None
    for source in Source.objects.filter(distribution__dataset__slug=slug):
        if columns := chosen(source.personal_data, "restrict"):
            return STAYS_CLOSED.format(source=source.slug, columns=", ".join(columns))
    return None


def refuse_opening(slug: str, level: str) -> None:
    if why := objection(slug, level):
        raise BadDescription([("access_level", why)])
