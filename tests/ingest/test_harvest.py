"""Harvesting: what becomes of the datasets of another catalogue from one reading to the next."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from builders import make_dataset, make_organisation
from django.contrib.auth.models import AnonymousUser
from django.core.management import CommandError, call_command
from hostile_server import HostileServer, Request, by_request, reply, reply_json

from catalog.access import visible_datasets
from catalog.errors import BadDocument, UnknownFormat
from catalog.exchange.data_json import from_data_json, to_data_json
from catalog.exchange.entry import Catalogue
from catalog.models import Change, DataService, Dataset, Organisation, Series
from catalog.publish import withdraw_dataset
from catalog.share import share
from ingest.errors import BadSetup, ForbiddenAddress, IncompleteAnswer, UnreadableAnswer
from ingest.harvest import Harvest, harvest
from ingest.harvest_formats import FORMATS, read_pages
from ingest.http import Session
from ingest.models import Harvested

pytestmark = pytest.mark.django_db

CONFORMANCE = Path(__file__).parents[3] / "shared" / "conformance"
SEQUENCE = CONFORMANCE / "harvest-sequence"
needs_conformance = pytest.mark.skipif(
    not SEQUENCE.is_dir(), reason="the data.json files of others are not here (../shared)"
)


def item(identifier: str, **values: Any) -> dict[str, Any]:
    return {
        "identifier": identifier,
        "title": f"Dataset {identifier}",
        "description": "What it holds",
        "publisher": {"name": "City of A"},
        "contactPoint": {"fn": "Office"},
        "accessLevel": "public",
    } | values


def document(*items: dict[str, Any], **values: Any) -> dict[str, Any]:
    return {"conformsTo": "https://project-open-data.cio.gov/v1.1/schema", "dataset": list(items)} | values


def read(
    *items: dict[str, Any], feed: str = "city-a", accept: bool = False, dry: bool = False, **values: Any
) -> Harvest:
    return harvest(feed, [from_data_json(document(*items, **values))], accept_deletions=accept, dry_run=dry)


def counts(result: Harvest) -> dict[str, int]:
    return {name: count for name, count in result.counts().items() if count and name not in ("total", "known")}


def ten() -> list[dict[str, Any]]:
    return [item(str(number)) for number in range(10)]


def shown() -> set[str]:
    return set(Dataset.objects.current().values_list("slug", flat=True))


# from one reading to the next


def test_a_first_reading_makes_datasets_and_their_organisation():
    assert counts(read(item("1"), item("2"))) == {"created": 2}
    dataset = Dataset.objects.get(slug="dataset-1")
    assert (dataset.title_en, dataset.organisation.name_en, dataset.distribution) == ("Dataset 1", "City of A", None)
    row = Harvested.objects.get(kind="dataset", identifier="1")
    assert (row.feed, row.dataset, row.content, row.gone_at) == ("city-a", dataset, item("1"), None)


def test_the_order_of_keys_and_datasets_changes_nothing():
    read(item("1"), item("2"))
    before = Change.objects.count()
    turned = dict(reversed(item("1").items()))
    assert counts(read(item("2"), turned)) == {"unchanged": 2}
    assert Change.objects.count() == before


def test_what_changed_is_described_anew():
    read(item("1"), item("2"))
    assert counts(read(item("1", title="New title"), item("2"))) == {"changed": 1, "unchanged": 1}
    assert Dataset.objects.get(slug="dataset-1").title_en == "New title"


def test_what_is_gone_is_withdrawn_and_restored_when_it_comes_back():
    read(*ten())
    assert counts(read(*ten()[:9])) == {"unchanged": 9, "deleted": 1}
    assert "dataset-9" not in shown()
    assert Dataset.objects.filter(slug="dataset-9").exists()
    assert counts(read(*ten()[:9])) == {"unchanged": 9}
    assert counts(read(*ten())) == {"unchanged": 9, "restored": 1}
    assert "dataset-9" in shown()
    assert counts(read(*ten())) == {"unchanged": 10}


def test_what_comes_back_changed_is_restored_and_described():
    read(*ten())
    read(*ten()[:9])
    assert counts(read(*ten()[:9], item("9", title="Back"))) == {"unchanged": 9, "restored": 1}
    assert Dataset.objects.current().get(slug="dataset-9").title_en == "Back"


def test_what_a_steward_withdrew_stays_withdrawn():
    read(*ten())
    withdraw_dataset("dataset-3")
    assert counts(read(*ten())) == {"unchanged": 10}
    assert "dataset-3" not in shown()


@pytest.mark.parametrize("left", [0, 1, 7])
def test_much_less_than_before_withdraws_nothing_until_a_person_says_so(left):
    read(*ten())
    result = read(*ten()[:left])
    assert counts(result) == ({"unchanged": left} if left else {}) | {"held": 10 - left}
    assert "--accept-deletions" in result.warning.en
    assert len(shown()) == 10
    assert counts(read(*ten()[:left], accept=True)) == ({"unchanged": left} if left else {}) | {"deleted": 10 - left}
    assert len(shown()) == left


def test_a_fifth_may_go_by_itself():
    read(*ten())
    assert counts(read(*ten()[:8])) == {"unchanged": 8, "deleted": 2}


def test_a_page_that_cannot_be_read_withdraws_nothing():
    read(*ten())

    def pages() -> Iterator[Catalogue]:
        yield from_data_json(document(item("0", title="New")))
        yield from_data_json(b"{")

    with pytest.raises(BadDocument):
        harvest("city-a", pages())
    assert len(shown()) == 10
    assert Dataset.objects.get(slug="dataset-0").title_en == "New"


def test_a_dry_run_tells_and_writes_nothing():
    assert counts(read(item("1"), dry=True)) == {"created": 1}
    assert not Dataset.objects.exists()
    assert not Harvested.objects.exists()
    assert not Organisation.objects.exists()
    read(item("1"))
    assert counts(read(item("1", title="New"), dry=True)) == {"changed": 1}
    assert Dataset.objects.get().title_en == "Dataset 1"


# identifiers and names


def test_an_identifier_that_comes_twice_is_told_and_the_first_is_taken():
    result = read(item("1"), item("1", title="Another"))
    assert counts(result) == {"created": 1, "duplicates": 1}
    assert any("comes twice" in finding.text.en for finding in result.findings)
    assert Dataset.objects.get().title_en == "Dataset 1"


def test_datasets_without_an_identifier_are_known_by_their_title():
    nameless = item("", title="Nameless")
    read(nameless)
    assert counts(read(nameless)) == {"unchanged": 1}
    assert counts(read(nameless | {"description": "New"})) == {"changed": 1}


def test_a_name_that_another_dataset_has_is_left_to_it():
    make_dataset("dataset-1")
    read(item("1"))
    read(item("1"), feed="city-b")
    own, first, second = Dataset.objects.order_by("created_at")
    assert (own.slug, own.title_en) == ("dataset-1", "Air quality")
    assert first.slug.startswith("dataset-1-")
    assert len({own.slug, first.slug, second.slug}) == 3
    assert counts(read(item("1"), feed="city-b")) == {"unchanged": 1}


def test_a_new_title_does_not_change_the_address():
    read(item("1"))
    read(item("1", title="Something else"))
    assert shown() == {"dataset-1"}


def test_feeds_do_not_touch_each_other():
    read(*ten())
    assert counts(read(item("x", title="Only one"), feed="city-b")) == {"created": 1}
    assert len(shown()) == 11


@pytest.mark.parametrize("feed", ["", "City A", "a_b", "x" * 101])
def test_a_feed_has_a_name_that_fits_in_an_address(feed):
    with pytest.raises(BadSetup):
        harvest(feed, [])


# organisations, series, services


def test_an_organisation_that_the_hub_has_is_left_as_it_is():
    make_organisation("city-of-a", ko="가시", en="City of A, as we know it")
    read(item("1"))
    assert Organisation.objects.get().name_en == "City of A, as we know it"
    assert Dataset.objects.get().organisation.slug == "city-of-a"


def test_an_organisation_that_the_feed_brought_follows_the_feed():
    read(item("1", publisher={"name": "City of A"}))
    read(item("1", publisher={"name": "City of A", "homepage": "https://a.example/"}))
    assert Organisation.objects.get().homepage == "https://a.example/"


def test_datasets_of_nobody_belong_to_the_publisher_of_the_catalogue_or_to_the_feed():
    nobody = item("1")
    nobody.pop("publisher")
    read(nobody, publisher={"name": "The portal"})
    assert Dataset.objects.get(slug="dataset-1").organisation.slug == "the-portal"
    read(nobody, feed="city-b")
    assert Organisation.objects.get(slug="city-b").name_ko == "city-b"


def test_a_series_gets_a_name_of_its_own_where_another_has_it():
    parts = [item("c", title="Collection"), item("1", isPartOf="c")]
    read(*parts)
    read(*parts, feed="city-b")
    slugs = list(Series.objects.values_list("slug", flat=True))
    assert len(set(slugs)) == 2
    assert {tuple(dataset.series) for dataset in Dataset.objects.filter(title_en="Dataset 1")} == {
        (slug,) for slug in slugs
    }


def test_services_are_kept_with_the_datasets_that_they_serve():
    make_dataset("dataset-1")
    service = {"title": "API", "endpointURL": ["https://a.example/api"], "servesDataset": [item("1")]}
    read(service=[service])
    saved = DataService.objects.get()
    assert saved.slug == "api"
    assert saved.serves == [Harvested.objects.get(kind="dataset").slug]


def spoiled(**description):
    """Return what a catalogue tells whose first dataset has the description given, and whose second is sound."""
    told = from_data_json(document(item("1"), item("2")))
    first, second = told.datasets
    return Catalogue(
        "",
        datasets=[type(first)(first.slug, "", description, identifier="1"), second],
        organisations=told.organisations,
    )


def test_a_malformed_value_is_left_out_and_told_and_its_dataset_is_kept():
    result = harvest("city-a", [spoiled(theme="nonsense", title={"ko": "가"})])
    assert counts(result) == {"created": 2}
    assert [finding.where for finding in result.findings] == ["1 theme"]
    assert "the value was left out: unknown code 'nonsense'" in result.findings[0].text.en
    kept = Dataset.objects.get(title_ko="가")
    assert (kept.theme, kept.access_level) == ("", "restricted")


def test_personal_data_is_refused_with_its_reason_and_harms_nothing_else():
    result = harvest("city-a", [spoiled(title={"ko": "가"}, access_level="public", personal_data="contains")])
    assert counts(result) == {"created": 1, "refused": 1}
    assert any("personal data" in finding.text.en for finding in result.findings)


# from hub to hub


def test_a_hub_reads_another_hub_whole():
    make_dataset("air", frequency="daily", keywords={"ko": ["대기"], "en": ["air"]})
    written = b"".join(to_data_json(share(visible_datasets(AnonymousUser()), "https://there.example")))
    Dataset.objects.update(slug="renamed")
    assert counts(harvest("there", [from_data_json(written)])) == {"created": 1}
    dataset = Dataset.objects.get(slug="air")
    assert (dataset.title_ko, dataset.title_en, dataset.frequency) == ("대기질 측정", "Air quality", "daily")
    assert dataset.organisation.slug == "hanbit-city"
    assert counts(harvest("there", [from_data_json(written)])) == {"unchanged": 1}


# what others publish


@needs_conformance
@pytest.mark.parametrize("feed", ["gsa", "energy", "opm"])
def test_three_readings_of_a_real_catalogue_give_the_expected_counts(feed):
    with (CONFORMANCE / "EXPECTED-harvest-sequence.tsv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if row["source"] == feed]
    for row in rows:
        content = (SEQUENCE / feed / f"0{row['run']}.data.json").read_bytes()
        result = harvest(feed, [from_data_json(content)])
        expected = {name: int(row[name]) for name in ("total", "created", "changed", "deleted", "unchanged")}
        assert {name: getattr(result, name) for name in expected} == expected
        assert (result.refused, result.duplicates, result.held) == (0, 0, 0)
        assert Harvested.objects.filter(feed=feed, kind="dataset", gone_at=None).count() == int(
            row["distinct_identifiers"]
        )
    if feed == "energy":
        again = harvest(feed, [from_data_json((SEQUENCE / feed / "02.data.json").read_bytes())])
        assert counts(again) == {"unchanged": 480, "restored": 2}


# the command


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    call_command("harvest", *(str(argument) for argument in arguments))
    return capsys.readouterr().out


def test_the_command_reads_a_file_named_by_hand(tmp_path, capsys):
    path = tmp_path / "data.json"
    path.write_text(json.dumps(document(item("1"), item("2"))), encoding="utf-8")
    assert "city-a: 2 datasets: created 2, changed 0" in run(capsys, "city-a", path, "--format", "data-json")
    told = json.loads(run(capsys, "city-a", path, "--json"))
    assert (told["total"], told["unchanged"], told["created"], told["dry_run"]) == (2, 2, 0, False)


def test_the_command_ends_badly_when_a_person_must_decide(tmp_path, capsys):
    path = tmp_path / "data.json"
    path.write_text(json.dumps(document(*ten())), encoding="utf-8")
    run(capsys, "city-a", path)
    path.write_text(json.dumps(document()), encoding="utf-8")
    with pytest.raises(CommandError, match="--accept-deletions"):
        run(capsys, "city-a", path)
    assert "deleted 10" in run(capsys, "city-a", path, "--accept-deletions")


@pytest.mark.parametrize(
    ("content", "sentence"), [("{", "line 1"), ("<html>", "web page"), ('"x"', "object or a list")]
)
def test_the_command_refuses_what_cannot_be_read_and_leaves_everything(tmp_path, capsys, content, sentence):
    path = tmp_path / "data.json"
    path.write_text(json.dumps(document(*ten())), encoding="utf-8")
    run(capsys, "city-a", path)
    path.write_text(content, encoding="utf-8")
    with pytest.raises(CommandError, match=sentence):
        run(capsys, "city-a", path)
    assert len(shown()) == 10


def test_the_command_shows_findings_and_a_dry_run(tmp_path, capsys):
    path = tmp_path / "data.json"
    path.write_text(
        json.dumps(document(*(item(str(number), modified="soon") for number in range(30)))), encoding="utf-8"
    )
    printed = run(capsys, "city-a", path, "--dry-run")
    assert "(--dry-run: nothing was written)" in printed
    assert "dataset[0].modified" in printed
    assert "… 10 more; --json tells all" in printed
    assert not Dataset.objects.exists()


# where from


def test_an_address_is_fetched_with_the_guarded_session(settings):
    body = json.dumps(document(item("1"))).encode()
    with (
        HostileServer({"/data.json": reply(200, body)}) as server,
        Session(allow_private=True, spool=settings.SPOOL_DIR) as session,
    ):
        pages = list(read_pages(session, "data-json", server.url("/data.json")))
    assert [len(list(page.datasets)) for page in pages] == [1]
    with Session(spool=settings.SPOOL_DIR) as session, pytest.raises(ForbiddenAddress):
        list(read_pages(session, "data-json", "http://127.0.0.1:1/data.json"))


def test_a_ckan_is_asked_for_its_datasets_page_by_page(settings, monkeypatch):
    monkeypatch.setattr("ingest.harvest_formats.CKAN_PAGE", 2)
    packages = [
        {"id": f"0000-{n}", "name": f"p-{n}", "title": f"P {n}", "type": "dataset", "resources": []} for n in range(3)
    ]

    def answer(request: Request) -> object:
        start, rows = int(request.query["start"]), int(request.query["rows"])
        return {"success": True, "result": {"count": 3, "results": packages[start : start + rows]}}

    with (
        HostileServer({"/api/3/action/package_search": by_request(answer)}) as server,
        Session(allow_private=True, spool=settings.SPOOL_DIR) as session,
    ):
        result = harvest("ckan-a", read_pages(session, "ckan", server.url()))
    assert counts(result) == {"created": 3}
    assert len(server.requests) == 2


def test_fewer_datasets_than_a_ckan_announced_are_no_proof(settings):
    empty = reply_json({"success": True, "result": {"count": 3, "results": []}})
    with (
        HostileServer({"/api/3/action/package_search": empty}) as server,
        Session(allow_private=True, spool=settings.SPOOL_DIR) as session,
        pytest.raises(IncompleteAnswer),
    ):
        harvest("ckan-a", read_pages(session, "ckan", server.url()))


def test_a_next_page_that_was_read_before_is_refused(settings):
    turtle = (
        "@prefix hydra: <http://www.w3.org/ns/hydra/core#> .\n"
        "<> a hydra:PartialCollectionView ; hydra:next </catalog.ttl> ."
    )
    with (
        HostileServer({"/catalog.ttl": reply(200, turtle.encode(), Content_Type="text/turtle")}) as server,
        Session(allow_private=True, spool=settings.SPOOL_DIR) as session,
        pytest.raises(UnreadableAnswer),
    ):
        list(read_pages(session, "dcat", server.url("/catalog.ttl")))


@pytest.mark.parametrize("format_", FORMATS)
def test_every_format_has_a_name_in_both_languages(format_):
    assert FORMATS[format_].label.ko
    assert FORMATS[format_].label.en


def test_the_documents_name_every_format():
    page = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")
    assert [name for name in FORMATS if f" | `{name}` |" not in page] == []


def test_an_unknown_format_names_those_that_there_are(settings):
    with Session(spool=settings.SPOOL_DIR) as session, pytest.raises(UnknownFormat, match="data-json"):
        list(read_pages(session, "odata", "x"))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.ttl", "<https://a.example/d> a <http://www.w3.org/ns/dcat#Dataset> ."),
        ("a.nt", "<https://a.example/d> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://www.w3.org/ns/dcat#Dataset> ."),
        ("a.jsonld", '{"@id": "https://a.example/d", "@type": "http://www.w3.org/ns/dcat#Dataset"}'),
        ("a", '{"@id": "https://a.example/d", "@type": "http://www.w3.org/ns/dcat#Dataset"}'),
        ("a", '<?xml version="1.0"?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="https://a.example/d"><rdf:type rdf:resource="http://www.w3.org/ns/dcat#Dataset"/></rdf:Description></rdf:RDF>'),
        ("a", "@prefix dcat: <http://www.w3.org/ns/dcat#> . <https://a.example/d> a dcat:Dataset ."),
    ],
)  # fmt: skip
def test_rdf_is_read_in_the_form_that_it_has(tmp_path, settings, name, content):
    (tmp_path / name).write_text(content, encoding="utf-8")
    with Session(spool=settings.SPOOL_DIR, file_roots=[tmp_path]) as session:
        (page,) = read_pages(session, "dcat", name)
    assert len(list(page.datasets)) == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("format_", "place"),
    [("data-json", "/data.json"), ("dcat", "/catalog.ttl"), ("dcat", "/catalog.jsonld"), ("ckan", "")],
)
def test_one_hub_harvests_another_in_every_format_that_lists_datasets(live_server, settings, format_, place):
    for number in range(3):
        make_dataset(f"air-{number}", frequency="daily", keywords={"ko": ["대기"], "en": ["air"]})
    with Session(allow_private=True, spool=settings.SPOOL_DIR) as session:
        pages = list(read_pages(session, format_, f"{live_server.url}{place}"))
    assert counts(harvest("there", pages)) == {"created": 3}
    assert counts(harvest("there", pages)) == {"unchanged": 3}
    own, other = (
        Dataset.objects.filter(harvested__isnull=is_own, title_en="Air quality").first() for is_own in (True, False)
    )
    for name in (
        "title_ko",
        "title_en",
        "description_ko",
        "frequency",
        "keywords_ko",
        "theme",
        "access_level",
        "organisation",
    ):
        assert getattr(own, name) == getattr(other, name), name
