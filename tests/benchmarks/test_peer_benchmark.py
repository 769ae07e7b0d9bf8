"""The benchmark of the peers asks everyone the same: on a small table the hub and the raw engine give the same answers."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client

from catalog.records import LoadMode
from tests.benchmarks.peers.data import Data, write_data
from tests.benchmarks.peers.hub import AIR, ASKED, FACILITIES, HUB_FILE, address_of, counted, records
from tests.benchmarks.peers.hub_writes import publish
from tests.benchmarks.peers.limits import RawEngine
from tests.benchmarks.peers.load import Load
from tests.benchmarks.peers.measure import Cell, Found
from tests.benchmarks.peers.questions import QUESTIONS, parameter_sets
from tests.benchmarks.peers.report import write_report

COMPARED = [name for name in ASKED if name not in ("keyset", "export")]  # a cursor and bytes: see measure.py


@pytest.mark.django_db
def test_the_hub_and_the_raw_engine_give_the_same_answers(tmp_path: Path) -> None:
    data = Data(tmp_path / "data", 2_000, 2_000)
    write_data(data)
    call_command("apply", str(HUB_FILE), base=data.folder, stdout=StringIO())
    for slug, table in ((AIR, "obs"), (FACILITIES, "fac")):
        publish(slug, data.path(table, "parquet"), LoadMode.REPLACE)
    raw, client = RawEngine(data, tmp_path), Client(SERVER_NAME="localhost")

    for name in COMPARED:
        question, (slug, told) = QUESTIONS[name], ASKED[name]
        asked = parameter_sets(question, data)[0]
        answer = client.get(address_of(slug, told, asked))
        read = counted if name == "count" else records
        assert answer.status_code == 200, answer.content
        assert question.compare
        assert question.compare(read(answer.content), asked) == question.compare(raw.answer(question, asked), asked), (
            name
        )
    raw.close()


def test_the_report_tells_ratios_and_survives_what_is_missing(tmp_path: Path) -> None:
    data = Data(tmp_path, 2_000, 2_000)
    hub, peer = (Found(name, "1.0", 1.0, 1.0, 0.5) for name in ("hub", "datasette"))
    hub.cells.append(Cell("key", "", "right", crowd=Load(rate=400, p50=2, p95=3)))
    peer.cells.append(Cell("key", "SQL", "right", crowd=Load(rate=20, p50=2, p95=3)))

    hub.save(tmp_path / "hub.json")
    report = write_report({"hub": Found.read(tmp_path / "hub.json"), "datasette": peer}, data, 5)

    assert "| latest 100 of a key | datasette | 20x | 15x | yes | - | 20x |  |" in report
    assert "| latest 100 of a key | ckan (search) | - | 15x | - | - | - | not measured |" in report
