"""Hub to hub: a first reading, one of 1 % changed, an idle one and a comparison, against the bytes that curl moves.

``python -m tests.benchmarks.bench_federation [--datasets 10000] [--records 10000000]``: a city with so many datasets, a
hundred of which share the records; a region that reads it, as processes of their own over loopback.
"""

import argparse
import json
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
LARGE = 100


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--datasets", type=int, default=10_000)
    arguments.add_argument("--records", type=int, default=10_000_000)
    asked = arguments.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="hub-bench-"))
    try:
        run(folder, asked.datasets, asked.records)
    finally:
        shutil.rmtree(folder)


def run(folder: Path, datasets: int, records: int) -> None:
    port = free_port()
    city = environment(folder / "city", f"http://127.0.0.1:{port}")
    region = environment(folder / "region", "http://127.0.0.1:1")
    for hub in (city, region):
        manage(hub, "migrate", "-v0")
    print(f"filling {datasets:,} datasets and {records:,} records …", flush=True)
    fill(city, "everything", datasets, records)
    with serving(city, port):
        manage(region, "add_hub", "city", f"http://127.0.0.1:{port}", "--allow-private", "--schedule", "")
        prepare = timed(lambda: fill(city, "entries"))
        tell("entries made by the city", prepare, {})
        first = reading(region)
        limit = curl(city, port, folder)
        print(f"  limit: curl moves {limit[1]:,} bytes of files in {limit[0]:.1f} s", flush=True)
        print(f"  first reading takes {first / limit[0]:.1f} times as long", flush=True)
        reading(region, "idle")
        fill(city, "change", datasets)
        reading(region, "1 % changed")
        started = time.monotonic()
        told = json.loads(manage(region, "verify_hub", "city", "--json"))
        print(
            f"  verify_hub: {time.monotonic() - started:.1f} s, {told['requests']} requests, "
            f"{len(told['differences'])} differences of {told['entries']:,}",
            flush=True,
        )


def reading(region: dict[str, str], name: str = "first") -> float:
    started = time.monotonic()
    sync = json.loads(manage(region, "sync_hub", "city", "--json"))
    seconds = time.monotonic() - started
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    tell(name, seconds, sync["counts"] | {"peak MiB of any process so far": round(peak)})
    assert sync["state"] == "done" and not sync["problems"], sync["problems"]
    return seconds


def tell(name: str, seconds: float, counts: dict[str, int]) -> None:
    print(f"  {name}: {seconds:.1f} s {counts}", flush=True)


def timed(work) -> float:
    started = time.monotonic()
    work()
    return time.monotonic() - started


def curl(city: dict[str, str], port: int, folder: Path) -> tuple[float, int]:
    """Fetch every file of the city's records with one curl, which keeps its connection; return seconds and bytes."""
    listed = fill(city, "files").split()
    config = folder / "curl"
    config.write_text(
        "".join(f'url = "http://127.0.0.1:{port}/sync/v1/files/{digest}"\noutput = "/dev/null"\n' for digest in listed)
    )
    started = time.monotonic()
    written = subprocess.run(
        ["curl", "-sS", "-w", "%{size_download}\n", "-K", str(config)], check=True, capture_output=True, text=True
    )
    return time.monotonic() - started, sum(int(line) for line in written.stdout.split())


def environment(folder: Path, base: str) -> dict[str, str]:
    folder.mkdir()
    return {name: value for name, value in os.environ.items() if not name.startswith(("HUB_", "DATABASE_"))} | {
        "HUB_DATA_DIR": str(folder),
        "DATABASE_URL": f"sqlite:///{folder / 'hub.sqlite3'}",
        "HUB_BASE_URL": base,
        "DJANGO_SETTINGS_MODULE": "datahub.settings",
        "HUB_ANONYMOUS_PER_MINUTE": "0",
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")]),
    }


def manage(hub: dict[str, str], *arguments: str) -> str:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments], cwd=ROOT, env=hub, check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def fill(hub: dict[str, str], what: str, *numbers: int) -> str:
    """Run a function of ``federation_city.py`` in the city."""
    return subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.federation_city", what, *map(str, numbers)],
        cwd=ROOT,
        env=hub,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout


@contextmanager
def serving(hub: dict[str, str], port: int):
    command = [str(Path(sys.executable).with_name("granian")), "--interface", "wsgi", "--port", str(port)]
    web = subprocess.Popen([*command, "--log-level", "error", "datahub.wsgi:application"], cwd=ROOT, env=hub)
    try:
        while not is_open(port):
            time.sleep(0.1)
        yield
    finally:
        web.terminate()
        web.wait()


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


if __name__ == "__main__":
    main()
