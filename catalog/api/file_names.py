"""What a downloaded file is called."""

from dataclasses import dataclass
from typing import Protocol
from urllib.parse import quote

from catalog.text import Text

FORBIDDEN = dict.fromkeys(map(ord, '<>:"/\\|?*'), " ") | dict.fromkeys([*range(32), 127], " ")


class Named(Protocol):
    """What a file is named after: a dataset, or a ``Subject``."""

    slug: str

    @property
    def title(self) -> Text: ...


@dataclass(frozen=True)
class Subject:
    slug: str
    title: Text


def attachment(named: Named, extension: str, language: str) -> str:
    """Return a ``Content-Disposition`` that names a file twice: by slug in ASCII, by title in UTF-8 (RFC 6266)."""
    return f"attachment; {names(named, extension, language)}"


def inline(named: Named, extension: str, language: str) -> str:
    """Name a file that a browser shows and may save."""
    return f"inline; {names(named, extension, language)}"


def names(named: Named, extension: str, language: str) -> str:
    title = " ".join(named.title.in_language(language).translate(FORBIDDEN).split())
    return f"filename=\"{named.slug}.{extension}\"; filename*=UTF-8''{quote(f'{title}.{extension}', safe='')}"
