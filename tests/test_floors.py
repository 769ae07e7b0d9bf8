"""The floors of docs/architecture.md: who never imports whom, and why. Each rule is one row."""

import ast
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("catalog", "ingest", "datahub")
READING = (
    "catalog.search", "catalog.describe", "catalog.share", "catalog.admission", "catalog.browse", "catalog.read", "catalog.sql", "catalog.access",
)  # fmt: skip
WRITING = (
    "catalog.file_leases",
    "catalog.versions",
    "catalog.shared_files",
    "catalog.files",
    "catalog.exports",
    "catalog.write_file",
)
VERBS = (*READING, "catalog.keys", *WRITING, "catalog.quality", "catalog.publish", "catalog.intake")
DOORS = ("catalog.api", "catalog.portal", "catalog.admin")
GROUND = ("catalog.standard", "catalog.exchange", "catalog.records", "catalog.errors", "catalog.text")


@dataclass(frozen=True)
class Rule:
    who: tuple[str, ...]
    never: tuple[str, ...]
    because: str
    but: tuple[str, ...] = ()  # parts of ``who`` that the rule does not hold for


NEVER = (
    Rule(("catalog",), ("ingest",), "a hub with no sources is still a catalogue"),
    Rule(GROUND, ("django", "rest_framework", "celery"), "others reuse the standard; its tests need no database"),
    Rule(("catalog.records",), ("catalog.standard",), "rows and descriptions are two subjects"),
    Rule(("catalog.standard",), ("catalog.records",), "rows and descriptions are two subjects"),
    Rule(("catalog.standard",), ("catalog.exchange",), "the standard does not know its translations"),
    Rule(GROUND, ("catalog.models", *VERBS, *DOORS), "the ground floor stands on nothing"),
    Rule(("catalog.models",), (*VERBS, *DOORS), "storage knows no story"),
    Rule(VERBS, DOORS, "verbs do not know who asks"),
    Rule(READING, ("catalog.publish",), "reading does not write"),
    Rule(("catalog.api",), ("catalog.portal", "catalog.admin"), "three doors, one house"),
    Rule(("catalog.portal",), ("catalog.api", "catalog.admin"), "three doors, one house"),
    Rule(("catalog.admin",), ("catalog.api", "catalog.portal"), "three doors, one house"),
    Rule(PACKAGES, ("duckdb", "pyarrow", "pyogrio", "sqlglot"), "the engine can be replaced in a day", but=("catalog.records",)),
    Rule(("catalog.exchange",), ("catalog.records",), "a tongue knows documents, not rows"),
    Rule(PACKAGES, ("rdflib", "pyoxigraph"), "so can the libraries of RDF", but=("catalog.exchange", "catalog.standard")),
    Rule(
        ("ingest.connectors",),
        ("catalog", "ingest.models", "celery", "django"),
        "a connector knows its platform and yields dictionaries",
    ),
    Rule(
        ("ingest.sandbox",),
        ("catalog.models", "catalog.records", "catalog.standard", *VERBS, *DOORS, "ingest.models", "ingest.connectors", "django"),
        "the sandbox is a platform, not a hub",
    ),
    Rule(("catalog", "ingest"), ("datahub",), "read django.conf.settings"),
)  # fmt: skip


def modules() -> Iterator[tuple[str, Path]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


@functools.cache
def read(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@functools.cache
def imported(path: Path) -> set[str]:
    """Return the full names a module imports; ``from a import b`` counts as a and a.b."""
    names: set[str] = set()
    for node in ast.walk(read(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names |= {str(node.module)} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def is_within(name: str, rooms: tuple[str, ...]) -> bool:
    return any(name == room or name.startswith(f"{room}.") for room in rooms)


@pytest.mark.parametrize("rule", NEVER, ids=lambda rule: f"{rule.who[0]} never {rule.never[0]}")
def test_no_import_runs_upward(rule: Rule) -> None:
    broken = [
        f"{module} imports {name}"
        for module, path in modules()
        if is_within(module, rule.who) and not is_within(module, rule.but) and "migrations" not in module
        for name in imported(path)
        if is_within(name, rule.never)
    ]
    assert not broken, f"{rule.because}: {broken}"


def test_the_rules_speak_of_rooms_that_exist() -> None:
    known = {module for module, _ in modules()}
    named = {room for rule in NEVER for room in (*rule.who, *rule.never, *rule.but) if room.split(".")[0] in PACKAGES}
    assert named <= known


def test_no_import_hides_inside_a_function() -> None:
    hidden = [
        f"{path.relative_to(ROOT)}:{inner.lineno}"
        for _, path in modules()
        for node in ast.walk(read(path))
        if isinstance(node, ast.FunctionDef)
        for inner in ast.walk(node)
        if isinstance(inner, (ast.Import, ast.ImportFrom))
    ]
    assert not hidden, "mend the floor instead"


def test_every_module_says_what_lives_in_it() -> None:
    silent = [
        module
        for module, path in modules()
        if path.stat().st_size and "migrations" not in module and not ast.get_docstring(read(path))
    ]
    assert not silent


def test_no_room_is_a_sink() -> None:
    sinks = {"utils", "helpers", "common", "base", "misc"}
    assert not [module for module, _ in modules() if module.rpartition(".")[2] in sinks]
