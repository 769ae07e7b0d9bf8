"""Asking: one request looked at closely, and many by wrk, a closed loop of N connections over the same requests.

wrk runs on the same machine as the server; ``client_share`` says how much of one core it took, to show whether it was the
limit (near 1 it was).
"""

import http.client
import json
import os
import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.peers.peer import Request
from tests.benchmarks.peers.processes import LOOPBACK

TIMEOUT = 300
SCRIPT = """
local asked = {%(requests)s}
local ready, at = {}, 0
init = function(arguments)
  for place, one in ipairs(asked) do ready[place] = wrk.format(one[1], one[2], one[3], one[4]) end
end
request = function()
  at = at %% #ready + 1
  return ready[at]
end
done = function(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format('RESULT {"answers": %%d, "seconds": %%f, "p50": %%f, "p95": %%f, "refused": %%d, "broken": %%d}\\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(95) / 1e3,
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
"""


@dataclass(frozen=True)
class Answer:
    """One answer: its status and bytes, the time to the first byte and to the last."""

    status: int
    content: bytes
    first_byte: float
    seconds: float
    size: int


@dataclass(frozen=True)
class Load:
    """What a closed loop saw: good answers a second and milliseconds of all answers.

    ``refused`` counts answers with an error status, ``broken`` lost ones.
    """

    rate: float
    p50: float
    p95: float
    refused: int = 0
    broken: int = 0
    client_share: float = 0.0
    answers: int = 0


def install_wrk() -> None:
    """Install Debian's wrk where it is missing and can be had."""
    if shutil.which("wrk"):
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for arguments in (["update"], ["install", "--yes", "--no-install-recommends", "wrk"]):
            subprocess.run(["apt-get", "-qq", *arguments], env=quiet, stdout=subprocess.DEVNULL, check=False)
    if not shutil.which("wrk"):
        raise SystemExit("wrk is needed to ask: install it with apt-get install wrk")


def ask(port: int, request: Request, *, most_seconds: float = TIMEOUT, keep: bool = True) -> Answer:
    """Put one request; an answer that takes longer than ``most_seconds`` is cut off there."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=most_seconds)
    started = time.perf_counter()
    connection.request(request.method, request.path, request.body.encode() or None, dict(request.headers))
    response = connection.getresponse()
    chunks = [response.read1(1 << 16)]
    first, size = time.perf_counter() - started, len(chunks[0])
    while time.perf_counter() - started < most_seconds and (chunk := response.read1(1 << 20)):
        size += len(chunk)
        if keep:
            chunks.append(chunk)
    seconds = time.perf_counter() - started
    connection.close()
    return Answer(response.status, b"".join(chunks), first, seconds, size)


def press(port: int, requests: Sequence[Request], *, connections: int, seconds: float, folder: Path) -> Load:
    """Keep ``connections`` requests under way for so many seconds."""
    script = folder / "asked.lua"
    script.write_text(SCRIPT % {"requests": ",\n".join(map(as_lua, requests))}, encoding="utf-8")
    before = os.times()
    done = subprocess.run(
        [
            "wrk",
            *("--threads", "1", "--connections", str(connections), "--duration", f"{max(1, round(seconds))}s"),
            *("--timeout", f"{TIMEOUT}s", "--script", str(script), f"http://{LOOPBACK}:{port}"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    after = os.times()
    lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    if not lines:
        raise RuntimeError(done.stderr or done.stdout)
    found = json.loads(lines[0].removeprefix("RESULT "))
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return Load(
        rate=(found["answers"] - found["refused"]) / found["seconds"],
        p50=found["p50"],
        p95=found["p95"],
        refused=found["refused"],
        broken=found["broken"],
        client_share=max(0.0, used / found["seconds"]),
        answers=found["answers"],
    )


def as_lua(request: Request) -> str:
    """Write a request as a table of Lua: method, path, headers, body."""
    headers = ", ".join(f"[{quoted(name)}] = {quoted(value)}" for name, value in request.headers.items())
    body = quoted(request.body) if request.body else "nil"
    return f"{{{quoted(request.method)}, {quoted(request.path)}, {{{headers}}}, {body}}}"


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
