"""Translation catalogues are compiled when they are stale, and only then."""

import gettext
import os

import pytest

from datahub.translations import LOCALES, compile_translations

CATALOGUE = """
msgid ""
msgstr "Content-Type: text/plain; charset=UTF-8\\n"

msgid "Dataset"
msgstr "데이터셋"
"""


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "ko" / "LC_MESSAGES" / "django.po"
    path.parent.mkdir(parents=True)
    path.write_text(CATALOGUE, encoding="utf-8")
    return path


def test_a_catalogue_is_compiled_so_that_gettext_reads_it(source, tmp_path):
    assert compile_translations(tmp_path) == [source.with_suffix(".mo")]

    with source.with_suffix(".mo").open("rb") as file:
        assert gettext.GNUTranslations(file).gettext("Dataset") == "데이터셋"
    assert [path.name for path in source.parent.iterdir() if "part" in path.name] == []


def test_a_fresh_catalogue_is_left_alone(source, tmp_path):
    compile_translations(tmp_path)

    assert compile_translations(tmp_path) == []


def test_a_changed_catalogue_is_compiled_again(source, tmp_path):
    compile_translations(tmp_path)
    later = source.with_suffix(".mo").stat().st_mtime + 10
    os.utime(source, (later, later))

    assert compile_translations(tmp_path) == [source.with_suffix(".mo")]


def test_the_hubs_own_catalogues_compile(tmp_path):
    for source in LOCALES.glob("*/LC_MESSAGES/*.po"):
        copy = tmp_path / source.relative_to(LOCALES)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(source.read_bytes())

    assert len(compile_translations(tmp_path)) == len(list(LOCALES.glob("*/LC_MESSAGES/*.po")))
