"""Showing what was told word for word: only to the holder of a grant for all of it, with a purpose, and logged.

That are messages of platforms, and the refused records of runs of any guarded dataset.
"""

from collections.abc import Collection

from django.db import transaction

from catalog.access import Viewer
from catalog.errors import GrantNeeded
from catalog.granted import choose_grant, require_purpose
from catalog.models import Dataset, Grant, Reading
from catalog.reading_log import Attempt
from catalog.records import from_table_schema
from catalog.text import Text
from ingest.models import PlatformMessage, Run
from ingest.platform.columns import COLUMNS

CLASSES = frozenset(column.personal_data for column in COLUMNS if column.personal_data)
NOT_ALL = Text(
    ko="{grant}번 승인에 {classes} 등급이 빠져 있어 원문을 볼 수 없습니다",
    en="grant {grant} lacks the classes {classes}, and what was told shows all of them",
)


def show_message(message: PlatformMessage, viewer: Viewer, *, purpose: str, address: str) -> str:
    """Return the content of a message as text; who asked and why is written down before."""
    require_whole(
        message.platform.dataset, viewer, CLASSES, purpose=purpose, address=address, what=("message", message.pk)
    )
    return as_text(message.content)


def admit_to_refused(run: Run, viewer: Viewer, *, purpose: str, address: str) -> None:
    """Refuse whoever may not see what a run refused of a guarded dataset; who may is written down."""
    dataset = run.source.distribution.dataset
    if dataset.is_guarded:
        columns = from_table_schema(run.source.distribution.schema).columns
        classes = {column.personal_data for column in columns} - {"", "none"}
        require_whole(
            dataset, viewer, classes, purpose=purpose, address=address, what=("refused", run.pk), records=run.rejected
        )


@transaction.atomic
def require_whole(
    dataset: Dataset,
    viewer: Viewer,
    classes: Collection[str],
    *,
    purpose: str,
    address: str,
    what: tuple[str, int],
    records: int = 1,
) -> None:
    """Refuse whoever has no grant of these classes; that it was shown is written down in the same transaction."""
    require_purpose(purpose)
    grant = choose_grant(dataset, viewer, "")
    refuse_partial(grant, dataset.slug, classes)
    kind, number = what
    row = Attempt(dataset.slug, viewer, [(kind, str(number))], purpose, address).row
    row.grant, row.organisation, row.format = grant, grant.organisation, kind
    row.status, row.records, row.ended_at = Reading.Status.GIVEN, records, row.at
    row.save()


def refuse_partial(grant: Grant, slug: str, classes: Collection[str]) -> None:
    if missing := sorted(set(classes) - set(grant.classes)):
        raise GrantNeeded(dataset=slug, reason=NOT_ALL.format(grant=grant.pk, classes=", ".join(missing)))


def as_text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("cp949", "replace")
