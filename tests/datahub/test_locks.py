"""The lock files: they satisfy pyproject.toml, belong together, and name no address."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
BASE, TEST, DOCS = "requirements.lock", "requirements-test.lock", "requirements-docs.lock"


def pins(lock):
    """Return name and version of every package in a lock."""
    return dict(re.findall(r"^([a-z0-9.-]+)==([^ ;\\]+)", (ROOT / lock).read_text(encoding="utf-8"), re.MULTILINE))


@pytest.mark.parametrize(
    ("lock", "requirements"),
    [
        (BASE, PROJECT["dependencies"]),
        (TEST, PROJECT["dependencies"] + PROJECT["optional-dependencies"]["test"]),
        (DOCS, PROJECT["dependencies"] + PROJECT["optional-dependencies"]["docs"]),
    ],
)
def test_a_lock_satisfies_every_requirement_of_the_project(lock, requirements):
    pinned = pins(lock)
    unmet = [
        text
        for text in requirements
        if (requirement := Requirement(text))
        and pinned.get(canonicalize_name(requirement.name)) not in requirement.specifier
    ]

    assert unmet == [], "run .ci/lock"


@pytest.mark.parametrize("lock", [TEST, DOCS])
def test_the_larger_locks_hold_the_base_lock_at_the_same_versions(lock):
    assert pins(BASE).items() <= pins(lock).items()


@pytest.mark.parametrize("lock", [BASE, TEST, DOCS])
def test_every_package_has_a_hash_and_no_line_names_an_address_or_a_place(lock):
    lines = (ROOT / lock).read_text(encoding="utf-8").splitlines()
    names = [number for number, line in enumerate(lines) if line and not line.startswith((" ", "#"))]

    assert all(lines[number + 1].startswith("    --hash=sha256:") for number in names)
    assert [line for line in lines if "://" in line or "file:" in line or " /" in line or line.startswith("-")] == []
