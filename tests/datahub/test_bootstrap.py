"""``manage.py`` from a bare Python: with a little "django" of our own as the only package, and no network."""

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from datahub.bootstrap import wrong_python

ROOT = Path(__file__).resolve().parents[2]
BARE_PYTHON = sys._base_executable
MANAGEMENT = """
import sys

def execute_from_command_line(arguments):
    print("주차장", sys.prefix, *arguments[1:])
"""


@pytest.fixture
def clone(tmp_path):
    """A clone with manage.py, the bootstrap, and locks that ask for one package."""
    folder = tmp_path / "clone"
    (folder / "datahub").mkdir(parents=True)
    for name in ("manage.py", "datahub/__init__.py", "datahub/bootstrap.py"):
        shutil.copy(ROOT / name, folder / name)
    wheel = make_wheel(tmp_path / "wheels")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    for name in ("requirements.lock", "requirements-test.lock"):
        (folder / name).write_text(f"django==1.0 \\\n    --hash=sha256:{digest}\n", encoding="utf-8")
    return folder


def make_wheel(folder):
    folder.mkdir()
    wheel = folder / "django-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("django/__init__.py", "")
        archive.writestr("django/core/__init__.py", "")
        archive.writestr("django/core/management.py", MANAGEMENT)
        archive.writestr("django/core/exceptions.py", "class ImproperlyConfigured(Exception): pass")
        archive.writestr("pytest.py", "")
        archive.writestr("django-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: django\nVersion: 1.0\n")
        archive.writestr("django-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("django-1.0.dist-info/RECORD", "")
    return wheel


def manage(clone, *arguments, python=BARE_PYTHON, wheels="wheels", **environment):
    pip = {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull, "PIP_FIND_LINKS": str(clone.parent / wheels)}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHON"))}
    return subprocess.run(
        [python, "manage.py", *arguments],
        cwd=clone,
        env={**kept, **pip, **environment},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )


def test_a_fresh_clone_makes_its_environment_once_and_heals_it(clone):
    first = manage(clone, "quickstart", "--check", LC_ALL="POSIX")
    assert first.returncode == 0, first.stderr
    assert first.stdout.splitlines()[-1] == f"주차장 {clone / '.venv'} quickstart --check"
    assert "1 packages" in first.stdout

    again = manage(clone, "quickstart")
    assert again.stdout == f"주차장 {clone / '.venv'} quickstart\n"

    with (clone / "requirements.lock").open("a") as lock:
        lock.write("# changed\n")
    assert "installing" in manage(clone, "quickstart").stdout

    for folder in (clone / ".venv" / "lib").glob("python*/site-packages/django"):
        shutil.rmtree(folder)
    healed = manage(clone, "quickstart")
    assert healed.stdout.splitlines()[-1] == f"주차장 {clone / '.venv'} quickstart", healed.stderr

    (clone / ".venv" / "bin" / "python").unlink()
    (clone / ".venv" / "bin" / "python").symlink_to("/nowhere/python3")
    assert manage(clone, "selftest").stdout.splitlines()[-1] == f"주차장 {clone / '.venv'} selftest"
    assert manage(clone, "quickstart").stdout == f"주차장 {clone / '.venv'} quickstart\n"


def test_a_package_that_cannot_be_had_or_has_another_hash_is_a_sentence_with_the_log(clone):
    absent = manage(clone, "quickstart", wheels="nothing")
    (clone / "requirements.lock").write_text(f"django==1.0 --hash=sha256:{'0' * 64}\n", encoding="utf-8")
    forged = manage(clone, "quickstart")

    assert (absent.returncode, forged.returncode) == (1, 1)
    assert "No matching distribution found for django==1.0" in absent.stderr
    assert "DO NOT MATCH THE HASHES" in forged.stderr
    assert str(clone / ".venv" / "install.log") in absent.stderr
    assert "Traceback" not in absent.stderr + forged.stderr


def test_an_environment_of_somebodys_own_is_used_and_never_changed(clone):
    subprocess.run([BARE_PYTHON, "-m", "venv", "--without-pip", clone / ".venv"], check=True)
    python = str(clone / ".venv" / "bin" / "python")
    missing = manage(clone, "quickstart", python=python)
    assert missing.returncode == 1
    assert "pip install --require-hashes -r requirements.lock" in missing.stderr

    packages = next((clone / ".venv" / "lib").glob("python*/site-packages"))
    zipfile.ZipFile(clone.parent / "wheels" / "django-1.0-py3-none-any.whl").extractall(packages)
    assert manage(clone, "quickstart", python=python).stdout == f"주차장 {clone / '.venv'} quickstart\n"
    assert not (clone / ".venv" / "installed-locks").exists()


def test_another_command_without_packages_says_what_to_do(clone):
    failed = manage(clone, "hub_status")

    assert failed.returncode == 1
    assert "python3 manage.py quickstart" in failed.stderr
    assert "허브의 패키지가 없습니다" in failed.stderr


def test_another_command_outside_the_environment_names_the_right_python(clone):
    (clone / ".venv" / "bin").mkdir(parents=True)
    (clone / ".venv" / "bin" / "python").symlink_to(sys.executable)
    failed = manage(clone, "hub_status", "--json")

    assert ".venv/bin/python manage.py hub_status --json" in failed.stderr


def test_a_wrong_python_is_told_which_one_is_needed():
    sentence = str(wrong_python())

    assert "Python 3.11 to 3.13 is needed" in sentence
    assert "파이썬 3.11~3.13이 필요합니다" in sentence
