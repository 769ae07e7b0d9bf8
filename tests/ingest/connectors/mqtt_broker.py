"""A real mosquitto on a loopback port, which can be stopped, killed and started again with what it has kept."""

import getpass
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hostile_server import unused_port
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

MOSQUITTO = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")


class Broker:
    """A broker that keeps sessions and messages in its folder."""

    def __init__(self, folder: Path, *lines: str) -> None:
        if not MOSQUITTO:
            pytest.skip("mosquitto is not here (Debian: mosquitto)")
        self.port, self.folder = unused_port(), folder
        folder.mkdir(parents=True, exist_ok=True)
        settings = [
            f"listener {self.port} 127.0.0.1",
            f"user {getpass.getuser()}",
            "persistence true",
            f"persistence_location {folder}/",
            "autosave_on_changes true",
            "autosave_interval 1",
            "max_queued_messages 0",
            *(lines or ["allow_anonymous true"]),
        ]
        (folder / "mosquitto.conf").write_text("\n".join(settings) + "\n")
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [MOSQUITTO, "-c", str(self.folder / "mosquitto.conf")], stdout=log, stderr=log
            )
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                assert self.process.poll() is None, (self.folder / "log").read_text()
                assert time.monotonic() < deadline
                time.sleep(0.02)

    def stop(self, number: int = signal.SIGTERM) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(number)
            self.process.wait()

    def publish(self, messages: Iterable[tuple[str, str | bytes]], *, retain: bool = False, qos: int = 1) -> None:
        """Publish and wait until the broker has taken each."""
        client = Client(CallbackAPIVersion.VERSION2, client_id="a city", clean_session=False)
        client.max_inflight_messages = 100
        client.connect("127.0.0.1", self.port)
        client.loop_start()
        try:
            for told in [client.publish(topic, payload, qos=qos, retain=retain) for topic, payload in messages]:
                told.wait_for_publish(timeout=30)
        finally:
            client.disconnect()
            client.loop_stop()

    def url(self, scheme: str = "mqtt", host: str = "127.0.0.1") -> str:
        return f"{scheme}://{host}:{self.port}"


@contextmanager
def running_broker(folder: Path, *lines: str) -> Iterator[Broker]:
    broker = Broker(folder, *lines)
    broker.start()
    try:
        yield broker
    finally:
        broker.stop(signal.SIGKILL)
