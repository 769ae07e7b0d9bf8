"""Real SFTP servers on loopback ports: OpenSSH's own, and one that can be told to misbehave."""

import asyncio
import contextlib
import getpass
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncssh
import pytest

SSHD = shutil.which("sshd", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
USER = getpass.getuser()
PASSWORD = "correct horse 31"


class OpenSsh:
    """An sshd that lets its own user in with one key, and knows no password."""

    def __init__(self, folder: Path) -> None:
        if not SSHD:
            pytest.skip("sshd is not here (Debian: openssh-server)")
        self.port, self.files = free_port(), folder / "files"
        self.files.mkdir(parents=True)
        self.host_key, self.user_key = (
            asyncssh.generate_private_key("ssh-ed25519"),
            asyncssh.generate_private_key("ssh-rsa"),
        )
        for name, key in {"host": self.host_key, "user": self.user_key}.items():
            key.write_private_key(folder / name)
            (folder / name).chmod(0o600)
        self.user_key.write_public_key(folder / "authorized")
        lines = (
            f"Port {self.port}",
            "ListenAddress 127.0.0.1",
            f"HostKey {folder / 'host'}",
            f"AuthorizedKeysFile {folder / 'authorized'}",
            f"PidFile {folder / 'pid'}",
            "StrictModes no",
            "UsePAM no",
            "PasswordAuthentication no",
            "KbdInteractiveAuthentication no",
            "PermitRootLogin prohibit-password",
            "Subsystem sftp internal-sftp",
        )
        (folder / "config").write_text("\n".join(lines) + "\n")
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # as its own service does
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "OpenSsh":
        with (self._folder / "log").open("ab") as log:
            command = [str(SSHD), "-D", "-e", "-f", str(self._folder / "config")]
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + 20
        while True:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return self
            assert self._process.poll() is None, (self._folder / "log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def __exit__(self, *_: object) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait()

    def url(self, path: str) -> str:
        return f"sftp://{USER}@127.0.0.1:{self.port}{self.files}{path}"

    @property
    def private_key(self) -> str:
        return self.user_key.export_private_key().decode()

    @property
    def known_line(self) -> str:
        return f"[127.0.0.1]:{self.port} " + self.host_key.export_public_key().decode().strip()


class OwnSftp:
    """A server in a process of its own, for the user ``city`` and its password, that can be told to misbehave."""

    def __init__(self, folder: Path) -> None:
        self.files, self._told, self._logins = folder / "served", folder / "told.json", folder / "logins"
        self.files.mkdir(parents=True, exist_ok=True)
        self.host_key = asyncssh.generate_private_key("ssh-ed25519")
        self.host_key.write_private_key(folder / "own-host")
        self._command = [sys.executable, __file__, str(folder)]
        self.tell()

    def tell(self, **switches: float | bool) -> None:
        """Say how it is to misbehave from now on: ``slow``, ``cut_after``, ``grows``, ``odd_names``."""
        self._told.write_text(json.dumps(switches))

    @property
    def logins(self) -> int:
        return self._logins.stat().st_size if self._logins.exists() else 0

    def __enter__(self) -> "OwnSftp":
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE)
        assert self._process.stdout
        self.port = int(self._process.stdout.readline())
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"sftp://city@{host}:{self.port}{path}"

    @property
    def fingerprint(self) -> str:
        return self.host_key.get_fingerprint()


class Files(asyncssh.SFTPServer):
    """Serves the folder, and misbehaves as it was told last."""

    folder: Path

    def __init__(self, chan: asyncssh.SSHServerChannel) -> None:
        super().__init__(chan, chroot=str(self.folder / "served").encode())
        self._channel = chan

    def told(self, name: str) -> float:
        return json.loads((self.folder / "told.json").read_text()).get(name, 0)

    async def read(self, file_obj: object, offset: int, size: int) -> bytes:
        await asyncio.sleep(self.told("slow"))
        if self.told("cut_after") and offset >= self.told("cut_after"):
            self._channel.get_connection().abort()
        return super().read(file_obj, offset, size)

    async def scandir(self, path: bytes) -> AsyncIterator[asyncssh.SFTPName]:
        async for entry in super().scandir(path):
            yield entry
        if self.told("odd_names"):
            yield asyncssh.SFTPName(b"../../etc/lots.csv", attrs=asyncssh.SFTPAttrs(size=1))

    def stat(self, path: bytes) -> object:
        if self.told("grows"):
            with (self.folder / "served" / path.decode().lstrip("/")).open("ab") as file:
                file.write("다,9\n".encode())
        return super().stat(path)


class Guard(asyncssh.SSHServer):
    """Lets one user in, and counts how often."""

    folder: Path

    def begin_auth(self, username: str) -> bool:
        return True

    def auth_completed(self) -> None:
        with (self.folder / "logins").open("a") as file:
            file.write("x")

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == ("city", PASSWORD)


async def serve(folder: Path) -> None:
    Files.folder = Guard.folder = folder
    keys, options = [str(folder / "own-host")], {"sftp_factory": Files, "gss_host": None}
    server = await asyncssh.listen("127.0.0.1", 0, server_factory=Guard, server_host_keys=keys, **options)
    print(server.get_port(), flush=True)
    await server.wait_closed()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@contextmanager
def mute_server() -> Iterator[int]:
    """Give the port of a server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
