"""How much memory a pull and an export take as the file grows: ``python tests/benchmarks/bench_memory.py [ROWS ...]``.

Made-up files of the shape of Seoul's subway cards (7 columns, CP949) are pulled through the pipeline and exported as CSV
through the WSGI application, each in a process of its own on a hub of its own; the peak resident set is what the operating
system says. Flat means that the last column stays near 1 while the rows grow.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
SIZES = (50_000, 200_000, 800_000)
HUB_FILE = """
[[organisations]]
slug = "city"
name = { ko = "시" }

[[datasets]]
slug = "rides"
organisation = "city"
title = { ko = "승하차 인원" }
description = { ko = "역별 하루 승하차 인원" }
theme = "transport"
licence = "kogl-1"
access_level = "public"
sorted_by = ["day"]
columns = [
  { name = "day", source = "사용일자", type = "date" },
  { name = "line", source = "노선명" },
  { name = "station_id", source = "역ID" },
  { name = "station", source = "역명" },
  { name = "boardings", source = "승차총승객수", type = "integer" },
  { name = "alightings", source = "하차총승객수", type = "integer" },
  { name = "registered", source = "등록일자", type = "date" },
]

[[sources]]
slug = "rides"
dataset = "rides"
connector = "file"
config = { path = "rides.csv" }
"""
PULL = """
import django, json, resource, time
django.setup()
from django.core.management import call_command
start = time.perf_counter()
call_command("run_source", "rides", here=True)
print(json.dumps([time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
"""
EXPORT = """
import io, json, resource, sys, time
from datahub.wsgi import application
environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/api/v1/datasets/rides/records.csv", "QUERY_STRING": "",
           "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "80", "HTTP_HOST": "127.0.0.1", "wsgi.url_scheme": "http",
           "wsgi.input": io.BytesIO(), "wsgi.errors": sys.stderr}
start = time.perf_counter()
size = sum(len(chunk) for chunk in application(environ, lambda status, headers: None))
print(json.dumps([time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, size]))
"""


def write_rides(path: Path, rows: int) -> None:
    with path.open("w", encoding="cp949", newline="") as file:
        file.write('"사용일자","노선명","역ID","역명","승차총승객수","하차총승객수","등록일자"\n')
        for row in range(rows):
            day = f"2018{row // 28 % 12 + 1:02}{row % 28 + 1:02}"
            file.write(
                f'"{day}","{row % 9 + 1}호선","{row % 609:04}","역{row % 609}","{row % 9973}.0","{row % 7919}.0","{day}",""\n'
            )


def measure(script: str, environment: dict[str, str]) -> list[float]:
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
    )
    return json.loads(done.stdout.strip().splitlines()[-1])


def main(sizes: list[int]) -> None:
    print(
        "rows | pull s | pull rows/s | pull peak MiB | export s | export MB/s | export peak MiB | peaks against the first"
    )
    first: tuple[float, float] | None = None
    for rows in sizes:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_rides(folder / "rides.csv", rows)
            (folder / "hub.toml").write_text(HUB_FILE, encoding="utf-8")
            environment = os.environ | {
                "HUB_DATA_DIR": str(folder / "var"),
                "HUB_FILE_ROOTS": name,
                "DJANGO_SETTINGS_MODULE": "datahub.settings",
                "HUB_LOG_LEVEL": "ERROR",
                "HUB_FETCH_MIB": "4096",
            }
            for command in (["migrate", "-v0"], ["apply", str(folder / "hub.toml"), "-v0"]):
                subprocess.run(
                    [sys.executable, "manage.py", *command], env=environment, cwd=ROOT, check=True, capture_output=True
                )
            seconds, peak = measure(PULL, environment)
            export_seconds, export_peak, size = measure(EXPORT, environment)
        first = first or (peak, export_peak)
        print(
            f"{rows:,} | {seconds:.1f} | {rows / seconds:,.0f} | {peak:.0f} | {export_seconds:.2f} | "
            f"{size / export_seconds / 1e6:.0f} | {export_peak:.0f} | {peak / first[0]:.2f} and {export_peak / first[1]:.2f}"
        )


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or list(SIZES))
