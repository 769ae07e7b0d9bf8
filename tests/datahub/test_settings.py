"""Every setting stands in .env.example with a sentence in both languages, and nothing else does."""

import re
from pathlib import Path

import environ
import pytest

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = (ROOT / "datahub" / "settings.py").read_text(encoding="utf-8")
EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")
NAMES = re.findall(r"env\.\w+\(\s*\"([A-Z_]+)\"", SETTINGS)


def test_the_example_names_every_setting_once_and_no_other():
    assert sorted(re.findall(r"^# ([A-Z_]+)=", EXAMPLE, re.MULTILINE)) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_setting_is_explained_in_english_and_korean(name):
    explanation = next(part for part in EXAMPLE.split("\n\n") if f"\n# {name}=" in part)

    assert re.search(r"[a-z]{3}", explanation)
    assert re.search(r"[가-힣]", explanation)


def test_the_example_as_it_is_changes_nothing(tmp_path, monkeypatch):
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    copy = tmp_path / ".env"
    copy.write_text(EXAMPLE, encoding="utf-8")
    environ.Env.read_env(copy)

    assert not any(name in environ.Env.ENVIRON for name in NAMES)


def test_the_mark_taken_away_the_example_holds_the_defaults(tmp_path, monkeypatch):
    for name in NAMES:
        monkeypatch.setenv(name, "x")
        monkeypatch.delenv(name)
    copy = tmp_path / ".env"
    copy.write_text(re.sub(r"^# (?=[A-Z_]+=)", "", EXAMPLE, flags=re.MULTILINE), encoding="utf-8")
    environ.Env.read_env(copy)
    env = environ.Env()

    assert env.list("HUB_ALLOWED_HOSTS") == ["127.0.0.1", "localhost", "[::1]"]
    assert env.list("HUB_FILE_ROOTS") == []
    assert (env.bool("HUB_HTTPS"), env.bool("HUB_DEBUG")) == (False, False)
    defaults = dict(re.findall(r"env\.int\(\"([A-Z_]+)\", default=(\d+)\)", SETTINGS))
    assert {name: env.str(name) for name in defaults} == defaults
