"""What a source that is sent its messages has received, as its page tells it."""

import datetime as dt
from collections.abc import Iterator

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from catalog.models.labels import in_current_language
from catalog.text import Text
from ingest.connectors import is_pushed
from ingest.http import readable_size
from ingest.inbox import listener_of, refused_messages, waiting_bytes
from ingest.models import Source
from ingest.todays_work import moment


def is_received(source: Source) -> bool:
    return is_pushed(source.connector, source.config)


def received(source: Source) -> SafeString:
    """Say how much waits for the next run, when its listener was last there, and what a full inbox has refused."""
    return format_html('<ul class="received">{}</ul>', format_html_join("", "<li>{}</li>", lines(source)))


def lines(source: Source) -> Iterator[tuple[SafeString | str]]:
    waiting = waiting_bytes(source)
    yield (
        _("waiting for the next run: %(size)s") % {"size": readable_size(waiting)} if waiting else _("nothing waits"),
    )
    if heard := listener_of(source):
        yield (_("last listened: %(moment)s") % {"moment": told_at(heard["at"])},)
        if "ko" in heard:
            yield (
                format_html(
                    '<span class="state failed">{}</span>', in_current_language(Text(heard["ko"], heard["en"]))
                ),
            )
    if refused := refused_messages(source.slug):
        words = _("refused because the inbox was full: %(count)s, last %(moment)s")
        said = words % {"count": f"{refused['count']:,}", "moment": told_at(refused["at"])}
        yield (format_html('<span class="state failed">{}</span>', said),)


def told_at(text: str) -> str:
    return moment(dt.datetime.fromisoformat(text))
