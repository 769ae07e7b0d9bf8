"""Real SFTP servers on loopback ports: OpenSSH's own, and one in the test's process that can be made to misbehave."""

import asyncio
import contextlib
import getpass
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncssh
import pytest
from hostile_server import unused_port

SSHD = shutil.which("sshd", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
USER = getpass.getuser()
PASSWORD = "correct horse 31"


class OpenSsh:
    """An sshd that lets its own user in with one key, and knows no password."""

    def __init__(self, folder: Path) -> None:
        if not SSHD:
            pytest.skip("sshd is not here (Debian: openssh-server)")
        self.port, self.files = unused_port(), folder / "files"
        self.files.mkdir(parents=True)
        self.host_key, self.user_key = asyncssh.generate_private_key("ssh-ed25519"), asyncssh.generate_private_key("ssh-rsa")
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


class Files(asyncssh.SFTPServer):
    """Serves a folder; the class's switches make it slow, or hang up in the middle of a file."""

    served: Path
    slow = 0.0
    cut_after: int | None = None
    grows = False

    def __init__(self, chan: asyncssh.SSHServerChannel) -> None:
        super().__init__(chan, chroot=str(self.served).encode())
        self._channel = chan

    async def read(self, file_obj: object, offset: int, size: int) -> bytes:
        if self.slow:
            await asyncio.sleep(self.slow)
        if self.cut_after is not None and offset >= self.cut_after:
            self._channel.get_connection().abort()
        return super().read(file_obj, offset, size)

    def stat(self, path: bytes) -> object:
        if self.grows:
            with (self.served / path.decode().lstrip("/")).open("ab") as file:
                file.write(b"x,9\n")
        return super().stat(path)


class Guard(asyncssh.SSHServer):
    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == ("city", PASSWORD)


class OwnSftp:
    """A server in a thread of this process, for the user ``city`` and its password."""

    def __init__(self, folder: Path, **switches: object) -> None:
        self.files = folder / "served"
        self.files.mkdir(parents=True, exist_ok=True)
        self.kind = type("FilesHere", (Files,), {"served": self.files, **switches})
        self.host_key = asyncssh.generate_private_key("ssh-ed25519")
        self.port, self.logins = 0, 0
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def _serve(self) -> None:
        outer = self

        class Counting(Guard):
            def auth_completed(self) -> None:
                outer.logins += 1

        async def begin() -> asyncssh.SSHAcceptor:
            return await asyncssh.listen(
                "127.0.0.1",
                0,
                server_factory=Counting,
                server_host_keys=[self.host_key],
                sftp_factory=self.kind,
                gss_host=None,
            )

        asyncio.set_event_loop(self._loop)
        self._acceptor = self._loop.run_until_complete(begin())
        self.port = self._acceptor.get_port()
        self._ready.set()
        self._loop.run_forever()

    def __enter__(self) -> "OwnSftp":
        self._thread.start()
        assert self._ready.wait(20)
        return self

    def __exit__(self, *_: object) -> None:
        async def end() -> None:
            self._acceptor.close()
            others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(end(), self._loop).result(20)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"sftp://city@{host}:{self.port}{path}"

    @property
    def fingerprint(self) -> str:
        return self.host_key.get_fingerprint()


@contextmanager
def mute_server() -> Iterator[int]:
    """Give the port of a server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]
