"""From a bare Python to an interpreter that has the hub's packages; standard library only, and no newer than 3.7.

``quickstart`` and ``selftest`` keep a virtual environment ``.venv`` beside ``manage.py``: the packages of their lock
file, every one checked against its hash, and a stamp that says which locks were installed. The hub itself is not
installed, it runs from its folder. An environment without the stamp belongs to whoever made it: it is used when the
command is started with its interpreter, and never changed. All other commands run in the interpreter they get.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv"
PYTHON = ENVIRONMENT / "bin" / "python"
STAMP = ENVIRONMENT / "installed-locks"
LOG = ENVIRONMENT / "install.log"
BASE_LOCK = ROOT / "requirements.lock"
TEST_LOCK = ROOT / "requirements-test.lock"  # holds the base lock's packages too, at the same versions
LOCKS = {"quickstart": BASE_LOCK, "selftest": TEST_LOCK}
PROBES = {BASE_LOCK: "django", TEST_LOCK: "pytest"}  # an environment that can import it has the lock's packages
PYTHONS = ((3, 11), (3, 12), (3, 13))


class CannotStart(Exception):
    """There is no environment to run in; the message says in Korean and English what would help."""

    def __init__(self, korean: str, english: str) -> None:
        super().__init__(f"{korean}\n{english}")


def enter_environment(arguments: Sequence[str]) -> None:
    """Return in an interpreter that has the packages the command needs, or end with a sentence."""
    print_utf8()
    lock = LOCKS.get(arguments[1]) if len(arguments) > 1 else None
    try:
        if lock and (STAMP.exists() or not is_inside()):
            if not is_installed(lock):
                install(lock)
            if not is_inside():
                os.execve(str(PYTHON), [str(PYTHON), *arguments], {**os.environ, "PYTHONUTF8": "1"})
        elif not importlib.util.find_spec(PROBES[lock or BASE_LOCK]):
            raise packages_missing(arguments, lock or BASE_LOCK)
    except CannotStart as reason:
        sys.exit(str(reason))
    except KeyboardInterrupt:
        sys.exit(130)


def print_utf8() -> None:
    """Let Korean be printed under any locale."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def is_inside() -> bool:
    """Say whether this interpreter is the environment's."""
    return Path(sys.prefix).resolve() == ENVIRONMENT.resolve()


def is_installed(lock: Path) -> bool:
    """Say whether the environment has this very lock's packages; cheap, because it is asked at every start."""
    if not PYTHON.exists() or not STAMP.exists() or digest(lock) not in STAMP.read_text(encoding="ascii").split():
        return False
    return not is_inside() or bool(importlib.util.find_spec(PROBES[lock]))


def digest(lock: Path) -> str:
    return hashlib.sha256(lock.read_bytes()).hexdigest()


def packages_missing(arguments: Sequence[str], lock: Path) -> CannotStart:
    if PYTHON.exists() and not is_inside():
        command = " ".join([".venv/bin/python", *arguments])
        return CannotStart(
            f"이 파이썬에는 허브의 패키지가 없습니다. 허브의 환경으로 실행하십시오: {command}",
            f"This Python lacks the hub's packages; use the hub's own environment: {command}",
        )
    by_hand = f"python3 -m venv .venv && .venv/bin/pip install --require-hashes -r {lock.name}"
    return CannotStart(
        f"허브의 패키지가 없습니다. 'python3 manage.py quickstart'를 실행하거나 직접 설치하십시오: {by_hand}",
        f"The hub's packages are missing; run 'python3 manage.py quickstart', or install them yourself: {by_hand}",
    )


def install(lock: Path) -> None:
    """Bring the environment to ``lock``; one that is broken, or whose Python is gone, is made anew."""
    if STAMP.exists():
        STAMP.unlink()
    if not can_import("pip"):
        create_environment()
    install_packages(lock)
    if not can_import(PROBES[lock]):  # pip trusts its own records, even where the files are gone
        create_environment()
        install_packages(lock)
    installed = {BASE_LOCK, lock}
    STAMP.write_text("".join(f"{digest(path)}\n" for path in installed), encoding="ascii")


def can_import(module: str) -> bool:
    """Say whether the environment's Python starts, is one of ours, and finds ``module``."""
    question = f"import sys, {module}; sys.exit(sys.version_info[:2] not in {PYTHONS})"
    try:
        return subprocess.run([str(PYTHON), "-I", "-c", question], stderr=subprocess.DEVNULL).returncode == 0
    except OSError:
        return False


def create_environment() -> None:
    if sys.version_info[:2] not in PYTHONS:
        raise wrong_python()
    if not importlib.util.find_spec("ensurepip"):
        install_venv_module()
    say("가상 환경을 만드는 중 · making the environment .venv")
    python = getattr(sys, "_base_executable", "") or sys.executable
    made = subprocess.run(
        [python, "-m", "venv", "--clear", str(ENVIRONMENT)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    if made.returncode:
        answer = last_line(made.stdout.decode("utf-8", "replace").splitlines())
        raise CannotStart(
            f"가상 환경 {ENVIRONMENT}을(를) 만들 수 없습니다 ({answer}). 폴더의 쓰기 권한과 남은 공간을 확인하십시오.",
            f"The environment {ENVIRONMENT} cannot be made ({answer}); check that the folder can be written and has room.",
        )


def wrong_python() -> CannotStart:
    """Name a fitting Python of this machine, if there is one that really runs."""
    names = [".".join(map(str, version)) for version in reversed(PYTHONS)]
    found = [f"python{name}" for name in names if runs(f"python{name}")]
    mine = ".".join(map(str, sys.version_info[:2]))
    korean, english = (
        f"파이썬 3.11~3.13이 필요합니다 (지금: {mine}).",
        f"Python 3.11 to 3.13 is needed (this is {mine}).",
    )
    if found:
        return CannotStart(
            f"{korean} 이렇게 실행하십시오: {found[0]} manage.py", f"{english} Start it as: {found[0]} manage.py"
        )
    return CannotStart(korean, english)


def runs(python: str) -> bool:
    """Say whether a program starts; being on the path is not enough (version managers put empty shims there)."""
    try:
        return subprocess.run([python, "-c", ""], stderr=subprocess.DEVNULL).returncode == 0
    except OSError:
        return False


def install_venv_module() -> None:
    """Debian keeps Python's ``venv`` in a package of its own: install it as root, else ask for it."""
    package = "python{}.{}-venv".format(*sys.version_info[:2])
    if hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        say(f"{package} 설치 중 · installing Debian's {package}")
        if subprocess.run(["apt-get", "install", "-y", "-q", package], stdout=subprocess.DEVNULL).returncode == 0:
            return
    raise CannotStart(
        f"파이썬의 venv 모듈이 없습니다. 먼저 설치하십시오: sudo apt install {package}",
        f"Python's venv module is missing; install it first: sudo apt install {package}",
    )


def install_packages(lock: Path) -> None:
    """Install a lock with pip, which checks every hash; all that pip says goes to the log."""
    total = sum(1 for line in lock.read_text(encoding="utf-8").splitlines() if "==" in line)
    command = [str(PYTHON), "-m", "pip", "install", "--require-hashes", "--requirement", str(lock)]
    quiet = ["--no-input", "--disable-pip-version-check", "--progress-bar", "off"]
    began = time.monotonic()
    say(f"패키지 {total}개 설치 중 · installing {total} packages")
    with subprocess.Popen(
        command + quiet,
        env={**os.environ, "PIP_USER": "0", "PYTHONUTF8": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    ) as pip:
        lines = show_progress(pip.stdout, total)
    if pip.returncode:
        answer = last_line(line for line in lines if line.startswith("ERROR:")) or last_line(lines)
        raise CannotStart(
            f"패키지를 설치하지 못했습니다: {answer}\n자세한 내용: {LOG}. 네트워크를 확인하고 같은 명령을 다시 실행하십시오.",
            f"The packages could not be installed: {answer}\n"
            f"The log is {LOG}; check the network and run the same command again.",
        )
    say(f"패키지를 설치했습니다 · packages installed ({time.monotonic() - began:.0f} s)", end="\n")


def show_progress(lines: Iterable[str], total: int) -> Sequence[str]:
    """Write pip's words to the log and count the packages on one line; return what was said."""
    said, collected = [], 0
    with LOG.open("w", encoding="utf-8") as log:
        for line in lines:
            log.write(line)
            log.flush()
            said.append(line.strip())
            if line.startswith("Collecting "):
                collected += 1
                if sys.stdout.isatty():
                    say(f"패키지 내려받는 중 · downloading packages {collected}/{total}")
            elif line.startswith("Installing collected packages") and sys.stdout.isatty():
                say(f"패키지 설치 중 · installing {total} packages")
    return said


def last_line(lines: Iterable[str]) -> str:
    return next((line for line in reversed(list(lines)) if line.strip()), "")


def say(sentence: str, end: str = "") -> None:
    """Show progress: on a terminal always in the same line."""
    if sys.stdout.isatty():
        print(f"\r\033[K{sentence}", end=end, flush=True)
    else:
        print(sentence, flush=True)
