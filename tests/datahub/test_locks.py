"""The lock files: they satisfy pyproject.toml, belong together, and name no address."""

import importlib.metadata
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


# Licences under which a city may run and pass on the hub; of several that a package offers one is enough.
ALLOWED = re.compile(
    r"MIT|BSD|Apache|\bISC\b|MPL|Mozilla Public License|LGPL|PSF|Python Software Foundation|EPL|Artistic|Zlib|CC0", re.I
)
# Where a package's own words are not enough: what its licence file says.
READ_BY_HAND = {"axe-playwright-python": "MIT", "asyncssh": "EPL-2.0 OR GPL-2.0-or-later", "owlrl": "W3C, as MIT"}


@pytest.mark.parametrize("lock", [BASE, TEST])
def test_every_package_has_a_licence_that_lets_a_city_use_it(lock):
    told = {name: licence_of(name) for name in pins(lock)}
    refused = {name: text for name, text in told.items() if text is not None and not ALLOWED.search(text)}
    assert refused == {}, "find another package, or read its licence file and add it to READ_BY_HAND"


def licence_of(name):
    """Return what a package says of its licence; None for one that is not installed on this kind of machine."""
    try:
        metadata = importlib.metadata.metadata(name)
    except importlib.metadata.PackageNotFoundError:
        return None
    words = [text.rpartition(" :: ")[2] for text in metadata.get_all("Classifier", []) if text.startswith("License")]
    return (
        READ_BY_HAND.get(name)
        or metadata.get("License-Expression")
        or " or ".join(words)
        or metadata.get("License", "")
    )
