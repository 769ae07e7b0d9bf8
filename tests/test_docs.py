"""The documents say what the code does."""

import re
from pathlib import Path

import pytest
from django.conf import settings

from datahub.documentation import DOCS, TABLES, with_tables

ROOT = DOCS.parent
PAGES = sorted([*DOCS.rglob("*.md"), ROOT / "README.md", ROOT / "CHANGELOG.md"])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_generated_tables_are_fresh(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert with_tables(text) == text, "run manage.py write_docs"


def test_every_generated_table_stands_somewhere() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert [name for name in TABLES if f"<!-- {name}: " not in text] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8"))
    assert [target for target in targets if "://" not in target and not (page.parent / target).exists()] == []


def test_the_commands_of_the_documents_exist() -> None:
    named = set(re.findall(r"^\| `([a-z_]+)[ `]", (DOCS / "operations.md").read_text(encoding="utf-8"), re.MULTILINE))
    packages = [ROOT / package / "management" / "commands" for package in ("catalog", "datahub", "ingest")]
    ours = {path.stem for folder in packages for path in folder.glob("[a-z]*.py")}
    assert named == ours


@pytest.mark.django_db
def test_the_hub_file_of_the_documents_can_be_applied(tmp_path: Path) -> None:
    from ingest.apply import apply_hub_file
    from ingest.hub_file import read_hub_file

    example = re.search(r"```toml\n(.*?)```", (DOCS / "hub-file.md").read_text(encoding="utf-8"), re.DOTALL)
    assert example
    path = tmp_path / "hub.toml"
    path.write_text(example[1], encoding="utf-8")
    assert [part.outcome for part in apply_hub_file(read_hub_file(path))] == ["created"] * 3


def test_languages_of_the_hub_are_korean_and_english() -> None:
    assert [code for code, _ in settings.LANGUAGES] == ["ko", "en"]
