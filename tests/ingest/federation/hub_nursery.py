"""Forks hubs of one another's: a program that has loaded the hub once and from then on makes a process of it in milliseconds.

    python hub_nursery.py

Each line of its input is a JSON list: ``["worker", folder, base address, port]`` or ``["server", …]`` starts a process
of the hub that lives in this folder, ``["wait", process]`` waits for one; it answers with a number a line.
"""

import gc
import json
import os
import socket
import sys
import traceback
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import django

django.setup()

import hub_acts  # noqa: E402 (Django first)
import hub_lies  # noqa: E402
import hub_tellings  # noqa: E402
from django.conf import settings  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import connections  # noqa: E402
from django.urls import get_resolver  # noqa: E402

from ingest.http import trusted_authorities  # noqa: E402

# A killed process loses nothing that it has written: only a power cut would, and nobody cuts the power here.
QUICK = "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; PRAGMA foreign_keys=ON;"

ACTS = {**vars(hub_acts), **vars(hub_lies), **vars(hub_tellings)}


def main() -> None:
    warm_up()
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        answer = wait(*arguments) if name == "wait" else start(name, *arguments)
        print(answer, flush=True)


def warm_up() -> None:
    """Load what each process would load for itself, and let all that is done in portions be done in small ones."""
    get_resolver().url_patterns  # noqa: B018
    trusted_authorities("")
    get_wsgi_application()
    hub_acts.make_small()
    gc.freeze()
    gc.disable()  # no process lives long enough to want it


def start(name: str, folder: str, base: str, port: int) -> int:
    """Begin to listen, so that whoever is told of the process finds it open, and fork it."""
    listening = open_port(port)
    process = os.fork()
    if process:
        listening.close()
        return process
    os.dup2(2, 1)  # the pipe of answers is the nursery's alone
    code = 1
    try:
        become(Path(folder), base)
        (serve if name == "server" else work)(listening)
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def wait(process: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def open_port(port: int) -> socket.socket:
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", port))
    listening.listen(64)
    return listening


def become(folder: Path, base: str) -> None:
    """Be a process of the hub in this folder."""
    settings.DATA_DIR, settings.BASE_URL = folder, base
    for name in ("STORE", "INDEX", "FILE", "RAW", "INBOX", "SPOOL"):
        setattr(settings, f"{name}_DIR", folder / name.lower())
    settings.STORE_DIR.mkdir(exist_ok=True)
    database = connections["default"]
    database.settings_dict["NAME"] = str(folder / "hub.sqlite3")
    database.settings_dict["OPTIONS"] = database.settings_dict["OPTIONS"] | {"init_command": QUICK}


class Handler(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        return None


def serve(listening: socket.socket) -> None:
    server = WSGIServer(("127.0.0.1", 0), Handler, bind_and_activate=False)
    server.socket.close()
    server.socket, server.server_address = listening, listening.getsockname()
    server.server_name, server.server_port = "127.0.0.1", server.server_address[1]
    server.setup_environ()
    server.set_app(get_wsgi_application())
    server.serve_forever(poll_interval=60)


def work(listening: socket.socket) -> None:
    """Do what is asked for, one act after the other."""
    with Connection(listening.accept()[0].detach()) as asked:
        while True:
            try:
                name, arguments = asked.recv()
            except EOFError:
                return
            asked.send(done(name, arguments))


def done(name: str, arguments: dict[str, Any]) -> tuple[bool, Any]:
    try:
        return True, ACTS[name](**arguments)
    except BaseException:
        return False, traceback.format_exc()


if __name__ == "__main__":
    main()
