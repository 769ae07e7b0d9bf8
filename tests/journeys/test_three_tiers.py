"""Two cities, a region and a nation as real processes: asked over HTTP, changed in a city, proved by the command, ended."""

import csv
import json
import re
import signal
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from urllib.request import ProxyHandler, build_opener

import pytest
from hub_processes import ROOT, hub_environment, make_tables, manage, processes_of, running, wait_until

CITIES, READERS = ("hanbit", "saeron"), ("nuri", "nation")
SPACES = {"hanbit": ("한빛시", "주차구획수"), "saeron": ("새론시", "TPKCT")}
pytestmark = pytest.mark.journey


@dataclass(frozen=True)
class Tiers:
    """What a newcomer has: the command that runs, what it printed, and the addresses of the four hubs."""

    environment: dict[str, str]
    command: Popen[bytes]
    said: str
    bases: dict[str, str]

    def get(self, hub: str, path: str) -> dict:
        with build_opener(ProxyHandler({})).open(f"{self.bases[hub]}/api/v1/{path}", timeout=30) as answer:
            return json.load(answer)

    def processes(self) -> dict[int, str]:
        folder = Path(self.environment["HUB_DATA_DIR"])
        folders = [folder, *(folder / "tiers" / name for name in self.bases)]
        return {pid: line for one in folders for pid, line in processes_of({"HUB_DATA_DIR": str(one)}).items()}


@pytest.fixture(scope="module")
def tiers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tiers]:
    """All four hubs, started once for this module by the one command."""
    folder = tmp_path_factory.mktemp("tiers")
    with hub_environment(folder) as environment:
        for name in (*CITIES, *READERS):
            make_tables(environment | {"DATABASE_URL": f"sqlite:///{folder}/tiers/{name}/hub.sqlite3"})
        output = folder / "output"
        with running(environment, output, "quickstart", "--tiers") as command:
            wait_until(lambda: "Ctrl-C" in output.read_text() or command.poll() is not None, seconds=240)
            said = output.read_text()
            assert command.poll() is None, said
            portals = re.findall(r"portal (http://127\.0\.0\.1:\d+)/ ", said)
            yield Tiers(environment, command, said, dict(zip((*CITIES, *READERS), portals, strict=True)))
            command.send_signal(signal.SIGINT)  # where a test has not ended it, nothing stays all the same
            command.wait()


def test_one_question_to_the_nation_is_answered_across_both_cities(tiers):
    [address] = re.findall(r"curl '(http://\S+)'", tiers.said)
    with build_opener(ProxyHandler({})).open(address, timeout=30) as answer:
        told = {record["city"]: (record["lots"], record["spaces"]) for record in json.load(answer)["records"]}

    files = {city: list(csv.DictReader(file_of(name).read_text().splitlines())) for name, (city, _) in SPACES.items()}
    columns = dict(SPACES.values())
    assert told == {city: (len(rows), sum(int(row[columns[city]]) for row in rows)) for city, rows in files.items()}
    assert all(f"{spaces:,}" in tiers.said for _, spaces in told.values())


def file_of(city: str) -> Path:
    return ROOT / "ingest" / "hubs" / "tiers" / city / "parking-lots.csv"


def test_units_of_two_cities_are_one_at_the_nation(tiers):
    question = "data-models/air-quality-observed/records?select=city,max(pm10)+as+worst&group_by=city&pm10__gte=1"

    worst = {record["city"]: record["worst"] for record in tiers.get("nation", question)["records"]}

    assert {city: 20 < value < 100 for city, value in worst.items()} == {"한빛시": True, "새론시": True}


@pytest.mark.parametrize("hub", READERS)
def test_every_dataset_is_there_once_under_its_identifier_and_the_address_of_its_city(tiers, hub):
    homes = {
        entry["id"]: f"{tiers.bases[city]}/dataset/{entry['slug']}"
        for city in CITIES
        for entry in tiers.get(city, "datasets")["datasets"]
    }

    listed = tiers.get(hub, "datasets")["datasets"]

    assert Counter(entry["id"] for entry in listed) == Counter(list(homes))
    assert {entry["id"]: entry["uri"] for entry in listed} == homes


def test_the_check_follows_a_change_from_a_city_to_the_nation_and_proves_that_nothing_differs(tiers):
    done = manage(tiers.environment, "quickstart", "--tiers", "--check")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "✗" not in done.stdout
    assert len(re.findall(r"came from the city to the nation in [\d.]+ s", done.stdout)) == 4
    assert done.stdout.count("does not differ from") == 8
    assert tiers.get("nation", "datasets")["count"] == 4


def test_ctrl_c_ends_all_of_them(tiers):
    running_now = Counter(program_of(line) for line in tiers.processes().values())
    assert running_now["granian"] >= 4 and running_now["celery"] >= 4

    tiers.command.send_signal(signal.SIGINT)

    assert tiers.command.wait(timeout=60) == 0
    assert tiers.processes() == {}


def program_of(line: str) -> str:
    return next((name for name in ("granian", "celery") if name in line), "other")
