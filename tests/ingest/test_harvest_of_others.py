"""Catalogues that others publish as RDF, brought into the hub: each dataset arrives, and a second reading changes nothing."""

import csv
import json
from collections import Counter
from pathlib import Path

import pytest

from catalog.exchange.dcat import read_rdf
from catalog.models import Dataset
from ingest.harvest import harvest

CONFORMANCE = Path(__file__).parents[3] / "shared" / "conformance"
EXPECTED = CONFORMANCE / "EXPECTED-rdf.tsv"
CONTEXT = "https://semiceu.github.io/uri.semic.eu-generated/DCAT-AP/releases/3.0.0/html/examples/context.jsonld"
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not EXPECTED.exists(), reason="the RDF files of others are not here (../shared)"),
]


def folders():
    """Return the files that parse and hold datasets, by their folder, each with its expected number of datasets."""
    found = {}
    if EXPECTED.exists():
        with EXPECTED.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file, delimiter="\t"):
                if row["parse"].startswith("ok") and int(row["Dataset"]):
                    folder = "/".join(row["file"].split("/")[:2])
                    found.setdefault(folder, []).append((row["file"], int(row["Dataset"])))
    return found


@pytest.mark.parametrize("folder", folders())
def test_no_dataset_of_a_file_is_lost_on_its_way_into_the_hub(folder):
    context = CONFORMANCE / "shacl" / "dcat-ap-3.0.1" / "dcat-ap-context.jsonld"
    contexts = {CONTEXT: json.loads(context.read_text(encoding="utf-8"))}
    before = 0
    for number, (name, datasets) in enumerate(folders()[folder]):
        first, again = (
            harvest(f"feed-{number}", [read_rdf(CONFORMANCE / name, Path(name).suffix, contexts=contexts)])
            for _ in range(2)
        )
        assert (first.created + first.duplicates, first.refused) == (datasets, 0), (name, first.findings)
        assert Counter(again.counts()) - Counter({"unchanged": first.created, "total": again.total}) == Counter(
            {"known": first.created, "duplicates": first.duplicates}
        ), name
        before += first.created
        assert Dataset.objects.current().count() == before
