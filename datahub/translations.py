"""Compiles the translation catalogues, so that no machine needs gettext: ``.po`` is kept in git, ``.mo`` is derived."""

import tempfile
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALES = Path(__file__).resolve().parent / "locale"


def compile_translations(locales: Path = LOCALES) -> list[Path]:
    """Compile every catalogue whose ``.mo`` is missing or older than its ``.po``; return the files written."""
    stale = [source for source in sorted(locales.glob("*/LC_MESSAGES/*.po")) if is_stale(source)]
    for source in stale:
        compile_catalogue(source)
    return [source.with_suffix(".mo") for source in stale]


def is_stale(source: Path) -> bool:
    compiled = source.with_suffix(".mo")
    return not compiled.exists() or compiled.stat().st_mtime < source.stat().st_mtime


def compile_catalogue(source: Path) -> None:
    """Write the ``.mo`` beside and rename it into place, so that a running server never reads half of it."""
    with source.open("rb") as file:
        catalogue = read_po(file, locale=source.parent.parent.name)
    with tempfile.NamedTemporaryFile(dir=source.parent, suffix=".mo.part", delete=False) as file:
        write_mo(file, catalogue)
    Path(file.name).chmod(0o644)
    Path(file.name).replace(source.with_suffix(".mo"))
