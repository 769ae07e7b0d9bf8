"""The steps of ``manage.py quickstart`` up to a hub that answers; ``datahub/pulls.py`` fills it.

What can go wrong at a newcomer's desk is a ``CommandError`` with a sentence in Korean and English.
"""

import secrets
import socket
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from io import StringIO
from pathlib import Path
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import OperationalError

from datahub.processes import hub_process
from datahub.supervisor import Child, Supervisor
from ingest.apply import apply_hub_file
from ingest.errors import BadSetup
from ingest.hub_file import read_hub_file

LOOPBACK = "127.0.0.1"
STEWARD = "steward"
START_SECONDS = 60
MOST_RESTARTS = 3


def check_port(host: str, port: int) -> None:
    """Refuse a port that another program has, or an address that this machine has not."""
    try:
        with socket.socket(family_of(host)) as attempt:
            attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            attempt.bind((host, port))
            attempt.listen()
    except (OSError, OverflowError) as error:
        reason = str(getattr(error, "strerror", "") or error).partition(" (while")[0]
        raise CommandError(
            f"{host}:{port}을(를) 쓸 수 없습니다 ({reason}). --port로 다른 포트를, --host로 다른 주소를 고르십시오.\n"
            f"{host}:{port} cannot be used ({reason}); choose another port with --port, or another address with --host."
        ) from error


def free_port(host: str = LOOPBACK) -> int:
    with socket.create_server((host, 0), family=family_of(host)) as server:
        return server.getsockname()[1]


def family_of(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def prepare_data_folder() -> None:
    folder = settings.DATA_DIR
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise CommandError(
            f"데이터 폴더 {folder}에 쓸 수 없습니다 ({error.strerror}). HUB_DATA_DIR에 쓸 수 있는 폴더를 지정하십시오.\n"
            f"The data folder {folder} cannot be written ({error.strerror}); set HUB_DATA_DIR to a folder that can."
        ) from error


def check_files(folder: Path) -> Path:
    """Return the whole path of the folder that ``--data`` names."""
    if not folder.is_dir():
        raise CommandError(
            f"'{folder}' 폴더가 없습니다. --data에 파일이 있는 폴더를 지정하십시오.\n"
            f"There is no folder '{folder}'; let --data name the folder of the files."
        )
    return folder.resolve()


def migrate() -> None:
    try:
        call_command("migrate", verbosity=0, interactive=False)
        call_command("reindex", missing=True, stdout=StringIO())
    except OperationalError as error:
        raise CommandError(
            f"데이터베이스를 쓸 수 없습니다 ({error}). DATABASE_URL을 확인하십시오.\n"
            f"The database cannot be used ({error}); check DATABASE_URL."
        ) from error


def steward_password() -> str | None:
    """Make the steward's login at the first start; return its password as long as it is still the one made here.

    It is kept in the data folder, readable by the owner alone, so that a later start can show it again.
    """
    kept = settings.DATA_DIR / "steward-password"
    users = get_user_model().objects
    user = users.filter(username=STEWARD).first()
    if user is None:
        password = secrets.token_urlsafe(12)
        kept.unlink(missing_ok=True)
        kept.touch(mode=0o600)
        kept.write_text(password, encoding="ascii")
        users.create_superuser(STEWARD, password=password)
        return password
    password = kept.read_text(encoding="ascii") if kept.is_file() else ""
    return password if user.check_password(password) else None


def kept_sandbox_port() -> int:
    """Return the sandbox's port of the last start if it is free, else a new one: sources should keep their addresses."""
    kept = settings.DATA_DIR / "sandbox-port"
    with suppress(OSError, ValueError, CommandError):
        port = int(kept.read_text(encoding="ascii"))
        check_port(LOOPBACK, port)
        return port
    port = free_port()
    kept.write_text(str(port), encoding="ascii")
    return port


def sandbox_process(port: int) -> Child:
    return hub_process("sandbox", [sys.executable, "-m", "ingest.sandbox", "--port", str(port)], {})


def apply_file(path: str, *, base: Path | None = None, values: Mapping[str, str] | None = None) -> None:
    """Apply a hub file of the project; ``values`` fill its ``{name}`` places."""
    try:
        apply_hub_file(read_hub_file(settings.BASE_DIR / path, dict(values or {})), base=base)
    except BadSetup as error:
        raise CommandError(f"{error.text.ko}\n{error.text.en}") from error


def added_settings(host: str, files: Path | None) -> dict[str, str]:
    """Return what the hub's programs need beyond the settings given: its own host name, the folder of the files."""
    added = {}
    if ":" not in host and host not in settings.ALLOWED_HOSTS:
        added["HUB_ALLOWED_HOSTS"] = ",".join([*settings.ALLOWED_HOSTS, host])
    if files:
        added["HUB_FILE_ROOTS"] = ",".join(map(str, [*settings.FILE_ROOTS, files]))
    return added


def wait_until_open(tree: Supervisor, name: str, url: str) -> None:
    """Wait for the first good answer of one of the tree's servers."""
    opener = build_opener(ProxyHandler({}))
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with suppress(URLError, OSError), opener.open(url, timeout=5):
            return
        check_alive(tree)
        time.sleep(0.1)
    raise does_not_run(name)


def check_alive(tree: Supervisor) -> None:
    """Give up when one of the programs dies again and again."""
    for name, state in tree.state().items():
        if state.restarts >= MOST_RESTARTS:
            raise does_not_run(name)


def does_not_run(name: str) -> CommandError:
    log = settings.DATA_DIR / "log" / f"{name}.log"
    return CommandError(
        f"{last_lines(log)}\n'{name}'이(가) 시작되지 않습니다: {log}\n'{name}' does not start, its log is {log}"
    )


def last_lines(log: Path) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:])
