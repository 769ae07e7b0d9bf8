"""How fast the connectors read, next to a bare loop: ``python -m tests.benchmarks.bench_connectors [--rows N] [NAME ...]``.

A platform on loopback hands out prepared answers of 1,000 records with twelve columns. *Bare* fetches them with ``httpx2``,
reads them with ``orjson`` and writes Parquet with ``pyarrow``: no proof of the end, no caps, no types, no refused records.
*Read* is the connector alone; *typed* also types, checks and stages every record, as a run does before it publishes. The
last two columns tell how many times as long that takes as the bare loop.
"""

import argparse
import gc
import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import orjson
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from datahub.apps import YOUNG

PAGE = 1_000
ROUNDS = 3
COLUMNS = ("id", "name", "district", "address", "at", "pm10", "pm25", "o3", "longitude", "latitude", "state", "note")
Row = Mapping[str, Any]


def rows_of(start: int, end: int) -> list[dict[str, Any]]:
    return [
        {
            "id": f"S{at:07d}",
            "name": f"측정소 {at % 977}",
            "district": f"{at % 25 + 1}구",
            "address": f"서울특별시 {at % 25 + 1}구 어느로 {at % 311}",
            "at": f"2026-11-{at % 28 + 1:02d}T{at % 24:02d}:00:00+09:00",
            "pm10": at % 151,
            "pm25": at % 83,
            "o3": at % 97 / 1000,
            "longitude": 126.8 + at % 4000 / 10_000,
            "latitude": 37.4 + at % 3000 / 10_000,
            "state": "정상",
            "note": None if at % 3 else "점검",
        }
        for at in range(start, end)
    ]


@dataclass(frozen=True)
class Dialect:
    """How a platform writes a page and where its records stand in it; ``config`` is the source's, given the address."""

    connector: str
    page: Callable[[list[dict[str, Any]], int, int], bytes]  # records, where they start, how many there are in all
    take: Callable[[Any], Sequence[Row]]
    address: Callable[[str, int], str]  # base and start: what the bare loop asks for
    config: Callable[[str], Mapping[str, Any]]
    identifier: str = "id"
    extra: Mapping[str, bytes] = field(default_factory=dict)
    headers: Callable[[int], Mapping[str, str]] = lambda total: {}


def envelope_page(rows: list[dict[str, Any]], start: int, total: int) -> bytes:
    return orjson.dumps({"data": rows, "total": total})


def datagokr_page(rows: list[dict[str, Any]], start: int, total: int) -> bytes:
    body = {"items": {"item": rows}, "numOfRows": PAGE, "pageNo": start // PAGE + 1, "totalCount": total}
    return orjson.dumps({"response": {"header": {"resultCode": "00", "resultMsg": "OK"}, "body": body}})


def seoul_page(rows: list[dict[str, Any]], start: int, total: int) -> bytes:
    return orjson.dumps(
        {"air": {"list_total_count": total, "RESULT": {"CODE": "INFO-000", "MESSAGE": "OK"}, "row": rows}}
    )


def oapif_page(rows: list[dict[str, Any]], start: int, total: int) -> bytes:
    features = [
        {
            "type": "Feature",
            "id": row["id"],
            "geometry": {"type": "Point", "coordinates": [row["longitude"], row["latitude"]]},
            "properties": {name: row[name] for name in COLUMNS[1:]},
        }
        for row in rows
    ]
    following = [{"rel": "next", "href": f"/oapif/collections/air/items?offset={start + PAGE}&limit={PAGE}"}]
    links = following if start + PAGE < total else []
    return orjson.dumps({"features": features, "links": links, "numberMatched": total, "numberReturned": len(rows)})


def ckan_page(rows: list[dict[str, Any]], start: int, total: int) -> bytes:
    return orjson.dumps({"success": True, "result": {"records": rows, "total": total}})


def ngsild_page(rows: list[dict[str, Any]], start: int, total: int) -> bytes:
    return orjson.dumps(
        [
            {"id": row["id"], "type": "Air"}
            | {name: {"type": "Property", "value": row[name]} for name in COLUMNS[1:] if row[name] is not None}
            for row in rows
        ]
    )


def sensorthings_page(rows: list[dict[str, Any]], start: int, total: int) -> bytes:
    things = [{"@iot.id": row["id"], **{name: row[name] for name in COLUMNS[1:]}} for row in rows]
    following = {"@iot.nextLink": f"/sta/v1.1/Observations?$skip={start + PAGE}&$top={PAGE}&$count=true"}
    return orjson.dumps({"@iot.count": total, "value": things} | (following if start + PAGE < total else {}))


CKAN_PACKAGE = orjson.dumps(
    {"success": True, "result": {"resources": [{"id": "r", "name": "air", "format": "CSV", "datastore_active": True}]}}
)
PAGING = {"kind": "page", "size": PAGE, "size_param": "size"}
DIALECTS: Mapping[str, Dialect] = {
    "envelope": Dialect(
        "envelope",
        envelope_page,
        lambda document: document["data"],
        lambda base, start: f"{base}/envelope?page={start // PAGE + 1}&size={PAGE}",
        lambda base: {"url": f"{base}/envelope", "records": "data", "total": "total", "paging": PAGING},
    ),
    "datagokr": Dialect(
        "datagokr",
        datagokr_page,
        lambda document: document["response"]["body"]["items"]["item"],
        lambda base, start: f"{base}/datagokr?pageNo={start // PAGE + 1}&numOfRows={PAGE}",
        lambda base: {"url": f"{base}/datagokr", "page_size": PAGE},
    ),
    "seoul": Dialect(
        "seoul",
        seoul_page,
        lambda document: document["air"]["row"],
        lambda base, start: f"{base}/seoul/key/json/air/{start + 1}/{start + PAGE}/",
        lambda base: {"url": f"{base}/seoul", "key": "key", "service": "air"},
    ),
    "oapif": Dialect(
        "oapif",
        oapif_page,
        lambda document: [{"id": one["id"], **one["properties"]} for one in document["features"]],
        lambda base, start: f"{base}/oapif/collections/air/items?offset={start}&limit={PAGE}",
        lambda base: {"url": f"{base}/oapif", "collection": "air", "page_size": PAGE},
    ),
    "ckan": Dialect(
        "ckan",
        ckan_page,
        lambda document: document["result"]["records"],
        lambda base, start: f"{base}/ckan/api/3/action/datastore_search?offset={start}&limit={PAGE}",
        lambda base: {"url": f"{base}/ckan", "dataset": "air", "page_size": PAGE},
        extra={"/ckan/api/3/action/package_show": CKAN_PACKAGE},
    ),
    "ngsild": Dialect(
        "ngsild",
        ngsild_page,
        lambda document: [
            {name: part["value"] if isinstance(part, dict) else part for name, part in one.items()} for one in document
        ],
        lambda base, start: f"{base}/ngsild/entities?offset={start}&limit={PAGE}",
        lambda base: {"url": f"{base}/ngsild", "type": "Air", "page_size": PAGE},
        headers=lambda total: {"NGSILD-Results-Count": str(total)},
    ),
    "sensorthings": Dialect(
        "sensorthings",
        sensorthings_page,
        lambda document: document["value"],
        lambda base, start: f"{base}/sta/v1.1/Observations?$skip={start}&$top={PAGE}",
        lambda base: {"url": f"{base}/sta/v1.1", "entities": "Observations", "page_size": PAGE},
        identifier="@iot.id",
    ),
}
ONE_THREAD = "file (CSV), bare on one thread"  # as the hub's workers are, several of which share a machine's cores
NAMES = (*DIALECTS, "file (CSV)", ONE_THREAD)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", choices=[*NAMES, []], help="which connectors; all by default")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve, options.rows)
        return
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "datahub.settings")
    print(f"{options.rows:,} records of {len(COLUMNS)} columns, best of {ROUNDS}; records a second")
    print("| connector | bare | read | typed | read, times bare | typed, times bare |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="hub-connectors-") as folder:
        for name in options.names or NAMES:
            measure(name, options.rows, Path(folder))


def measure(name: str, rows: int, folder: Path) -> None:
    """Read in turn, so that a change of the machine's pace concerns all of them; print the best of each."""
    serving = [sys.executable, "-m", "tests.benchmarks.bench_connectors", "--serve", name, "--rows", str(rows)]
    server = subprocess.Popen(serving, stdout=subprocess.PIPE, text=True)
    try:
        base = f"http://127.0.0.1:{int(server.stdout.readline())}"
        ways = ways_of(name, base, rows, folder)
        gc.freeze()  # what is loaded is passed over by all of them, as in every process of the hub
        gc.set_threshold(YOUNG)
        best = dict.fromkeys(ways, float("inf"))
        for _ in range(ROUNDS):
            for way, work in ways.items():
                began = time.perf_counter()
                done = work()
                best[way] = min(best[way], time.perf_counter() - began)
                if done != rows:
                    raise RuntimeError(f"{name}, {way}: {done:,} of {rows:,} records")
    finally:
        gc.unfreeze()
        server.kill()
        server.wait()
    speeds = " | ".join(f"{rows / seconds:,.0f}" for seconds in best.values())
    ratios = " | ".join(f"{best[way] / best['bare']:.2f}" for way in ("read", "typed"))
    print(f"| {name} | {speeds} | {ratios} |", flush=True)


def ways_of(name: str, base: str, total: int, folder: Path) -> Mapping[str, Callable[[], int]]:
    # The hub's own modules are loaded here: the process that serves does without them.
    from catalog import records
    from catalog.records import Column, Limits, Schema, discard, tabulate
    from ingest.connectors import CONNECTORS, ByColumn, DelimitedFile
    from ingest.http import Session

    dialect = DIALECTS.get(name)
    connector = CONNECTORS[dialect.connector if dialect else "file"]
    config = connector.config.model_validate(dialect.config(base) if dialect else {"path": f"{base}/air.csv"})
    kinds = {"at": "datetime", "pm10": "integer", "pm25": "integer", "o3": "number"}
    kinds |= {"longitude": "number", "latitude": "number"}
    source = {"id": dialect.identifier} if dialect else {}
    schema = Schema(
        columns=tuple(Column(column, kinds.get(column, "string"), source=source.get(column, "")) for column in COLUMNS)
    )

    def session() -> Session:
        return Session(allow_private=True, spool=folder)

    def taken(piece: object) -> object:
        """Return what is handed over as the pipeline passes it on."""
        if isinstance(piece, ByColumn):
            return records.ToldRows(piece.shapes, piece.shape_of, piece.columns)
        return (
            records.DelimitedFile(**vars(piece), passed=lambda count: None)
            if isinstance(piece, DelimitedFile)
            else piece
        )

    def bare() -> int:
        if dialect is None:
            return bare_csv(f"{base}/air.csv", folder, use_threads=name != ONE_THREAD)
        return bare_pages(dialect, [dialect.address(base, start) for start in range(0, total, PAGE)], folder)

    def read() -> int:
        with session() as http:
            return sum(1 for _ in connector.read(config, http))

    def typed() -> int:
        with session() as http:
            found = (connector.hand_over or connector.read)(config, http)
            staged = tabulate(map(taken, found), schema, limits=Limits(spool=folder, memory_mib=256), area=None)
        discard(staged)
        return staged.accepted

    return {"bare": bare, "read": read, "typed": typed}


def bare_pages(dialect: Dialect, addresses: Sequence[str], folder: Path) -> int:
    done, shape = 0, pa.Table.from_pylist([{dialect.identifier: "", **row} for row in rows_of(0, 4)]).schema
    with httpx2.Client() as client, pq.ParquetWriter(folder / "bare.parquet", shape, compression="zstd") as writer:
        for address in addresses:
            rows = dialect.take(orjson.loads(client.get(address).content))
            writer.write_table(pa.Table.from_pylist(rows, schema=shape))
            done += len(rows)
    return done


def bare_csv(address: str, folder: Path, *, use_threads: bool) -> int:
    with httpx2.Client() as client:
        content = client.get(address).content
    table = pyarrow.csv.read_csv(io.BytesIO(content), read_options=pyarrow.csv.ReadOptions(use_threads=use_threads))
    pq.write_table(table, folder / "bare.parquet", compression="zstd")
    return table.num_rows


def serve(name: str, rows: int) -> None:
    """Serve the prepared answers of one platform, each connection as long as it is kept, and print the port."""
    import socketserver

    dialect, answers = DIALECTS.get(name), {}
    if dialect is None:
        lines = [
            ",".join("" if row[column] is None else str(row[column]) for column in COLUMNS) for row in rows_of(0, rows)
        ]
        answers[place_of("/air.csv")] = "\n".join([",".join(COLUMNS), *lines, ""]).encode()
    else:
        for start in range(0, rows, PAGE):
            page = dialect.page(rows_of(start, min(start + PAGE, rows)), start, rows)
            answers[place_of(dialect.address("", start))] = page
        answers |= {place_of(path): answer for path, answer in dialect.extra.items()}
    told = "".join(f"{key}: {value}\r\n" for key, value in (dialect.headers(rows) if dialect else {}).items())

    class Handler(socketserver.StreamRequestHandler):
        disable_nagle_algorithm = True

        def handle(self) -> None:
            while line := self.rfile.readline():
                target = line.split(b" ")[1].decode()
                while self.rfile.readline().strip():
                    pass
                body = answers.get(place_of(target))
                status = "200 OK" if body is not None else "404 Not Found"
                head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{told}Content-Length: {len(body or b'')}\r\n\r\n"
                self.wfile.write(head.encode() + (body or b""))

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        print(server.server_address[1], flush=True)
        server.serve_forever()


def place_of(target: str) -> str:
    """Return the path of a page and where it starts, whatever else a connector asks for beside."""
    path, _, query = target.partition("?")
    wanted = {"page", "pageNo", "offset", "$skip", "%24skip"}
    given = dict(pair.split("=") for pair in query.split("&") if "=" in pair)
    start = next((value for name, value in given.items() if name in wanted), "")
    if path.startswith(("/oapif", "/sta", "/ckan", "/ngsild")) and start in ("", "0"):
        start = ""
    return f"{path.rstrip('/')}?{start}"


if __name__ == "__main__":
    main()
