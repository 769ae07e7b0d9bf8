"""What a person decides about a harvest: what is gone, what a steward changed, what could not be taken, what is told twice."""

from typing import Any

import pytest
from builders import make_dataset, make_organisation
from django.utils import timezone
from foreign_feeds import counts, document, item, read, shown, ten
from hostile_server import HostileServer, reply_json

from catalog.describe import describe
from catalog.exchange.data_json import from_data_json
from catalog.exchange.entry import Catalogue
from catalog.models import Dataset
from catalog.publish import describe_dataset
from ingest.harvest import harvest
from ingest.harvest.causes import CAUSES
from ingest.harvest.duplicates import say_different, say_same, superseded
from ingest.harvest.feeds import read_feed, retry_failures, save_feed, take_theirs
from ingest.harvest.gone import accept_gone, missing_rows, refuse_gone
from ingest.models import DuplicatePair, Feed, FeedReading, Harvested, HarvestFailure

pytestmark = pytest.mark.django_db
NOW = timezone.now()
FILE = "https://files.example/air.csv"


def question() -> FeedReading:
    return FeedReading.objects.get(state=FeedReading.State.HELD, decision="")


# what is gone


@pytest.mark.parametrize(("left", "doubt"), [(0, "empty"), (5, "shrunken")])
def test_much_that_is_gone_is_asked_and_withdrawn_when_a_person_accepts(left, doubt):
    read(*ten())
    read(*ten()[:left])
    assert (question().doubt, question().held, missing_rows(Feed.objects.get()).count()) == (
        doubt,
        10 - left,
        10 - left,
    )
    assert len(shown()) == 10
    assert accept_gone(question(), None, NOW) == 10 - left
    assert len(shown()) == left
    assert not FeedReading.objects.filter(state="held", decision="").exists()
    assert counts(read(*ten())) == {"restored": 10 - left} | ({"unchanged": left} if left else {})


def test_what_a_person_keeps_is_not_asked_again_until_it_was_told_once_more():
    read(*ten())
    read(*ten()[:5])
    assert refuse_gone(question(), None, NOW) == 5
    assert counts(read(*ten()[:5])) == {"unchanged": 5}
    assert len(shown()) == 10
    read(*ten())
    assert read(*ten()[:5]).held == 5


def test_a_question_is_settled_when_everything_is_told_again():
    read(*ten())
    read(*ten()[:2])
    read(*ten())
    assert FeedReading.objects.get(state="held").decision == "settled"
    assert not missing_rows(Feed.objects.get()).exists()


def test_fewer_than_announced_withdraw_nothing_even_if_it_is_one():
    read(*ten())
    page = from_data_json(document(*ten()[:9]))
    result = harvest("city-a", [Catalogue(**{**vars(page), "total": 10})])
    assert (result.held, result.doubt, len(shown())) == (1, "miscounted", 10)
    assert "10" in result.warning.ko


# what a steward changed


def redescribe(slug: str, **values: Any) -> None:
    dataset = Dataset.objects.get(slug=slug)
    description = {name: value for name, value in (describe(dataset) | values).items() if value is not None}
    describe_dataset(slug, description, harvested=True)


def test_what_a_steward_changed_stays_and_the_difference_is_shown():
    read(item("1", FILE, keyword=["air"]))
    redescribe("dataset-1", theme="environment", title={"ko": "대기", "en": "Air"}, keywords=None)
    result = read(item("1", FILE, title="New", description="New", keyword=["wind"]))
    assert counts(result) == {"changed": 1, "kept": 1}
    dataset = Dataset.objects.get()
    assert (dataset.theme, dataset.title_ko, dataset.description_en, dataset.keywords_en) == (
        "environment",
        "대기",
        "New",
        [],
    )
    row = Harvested.objects.get(kind="dataset")
    assert row.kept_values["title"] == {"en": "New"}
    assert set(row.kept_values) == {"theme", "title", "keywords"}
    take_theirs(row)
    assert counts(read(item("1", FILE, title="New", description="New"))) == {"changed": 1}
    assert Dataset.objects.get().title_en == "New"


def test_what_nobody_changed_is_no_stewards_whatever_its_kind(full_item):
    first = read(full_item)
    assert first.created == 1
    result = read(full_item | {"title": "New"})
    assert (counts(result), Harvested.objects.get(kind="dataset").kept_values) == ({"changed": 1}, {})


@pytest.fixture
def full_item() -> dict[str, Any]:
    return item(
        "1",
        FILE,
        "https://files.example/b.csv",
        keyword=["air", "wind"],
        modified="2024-01-02",
        issued="2020-01-01T00:00:00+09:00",
        spatial="126.7,37.4,127.2,37.7",
        temporal="2020-01-01/2020-12-31",
        accrualPeriodicity="R/P1D",
        language=["ko"],
        landingPage="https://a.example/1",
        theme=["Environment"],
        references=["https://a.example/doc"],
        contactPoint={"fn": "Office", "hasEmail": "mailto:a@a.example"},
        license="https://creativecommons.org/licenses/by/4.0/",
        rights="All",
    )


def test_fields_of_ours_are_never_overwritten():
    read(item("1"))
    save_feed("city-a", local_fields=["title"])
    read(item("1", title="New", description="New"))
    assert (Dataset.objects.get().title_en, Dataset.objects.get().description_en) == ("Dataset 1", "New")


# what could not be taken


def closed(identifier: str, **values: Any) -> Catalogue:
    """Return a page whose first dataset is refused, and whose second is sound."""
    page = from_data_json(document(item(identifier), item("sound")))
    entry = page.datasets[0]
    entry.description.update({"access_level": "public", "personal_data": "contains"} | values)
    return page


def test_a_record_that_cannot_be_taken_is_a_row_with_its_cause_until_it_is_taken():
    assert counts(harvest("city-a", [closed("1")])) == {"created": 1, "refused": 1}
    harvest("city-a", [closed("1")])
    failure = HarvestFailure.objects.get()
    assert (failure.code, failure.field, failure.count, failure.identifier) == (
        "personal-data",
        "personal_data",
        2,
        "1",
    )
    assert '"identifier":"1"' in failure.raw
    assert failure.text_ko
    assert failure.first_at < failure.last_at
    assert counts(harvest("city-a", [closed("1", personal_data="none")])) == {"created": 1, "unchanged": 1}
    assert not HarvestFailure.objects.exists()


def test_a_failure_that_is_told_no_more_is_forgotten():
    harvest("city-a", [closed("1")])
    read(item("sound"))
    assert not HarvestFailure.objects.exists()


def test_the_failed_ones_alone_are_tried_again_without_asking_the_source():
    make_organisation("city-of-a")
    harvest("city-a", [closed("1")])
    feed = Feed.objects.get()
    assert counts(retry_failures(feed)) == {"refused": 1}
    failure = HarvestFailure.objects.get()
    failure.entry["description"]["access_level"] = "restricted"
    failure.save()
    assert counts(retry_failures(feed)) == {"created": 1}
    assert (HarvestFailure.objects.count(), len(shown())) == (0, 2)


@pytest.mark.parametrize("bad", [{"tags": 5}, {"resources": [7]}, {"extras": {"a": 1}, "tags": 5}, {"title": "\x00가"}])
def test_a_record_that_nobody_foresaw_costs_no_other_one(bad):
    sound = {"id": "0", "name": "sound", "title": "Sound", "resources": []}
    answer = {"success": True, "result": {"count": 2, "results": [sound | {"id": "1", "name": "bad"} | bad, sound]}}
    with HostileServer({"/api/3/action/package_search": reply_json(answer)}) as server:
        result = read_feed(save_feed("ckan", format="ckan", location=server.url(), allow_private=True))
    assert "sound" in shown()
    assert result.created + result.refused == 2
    for failure in HarvestFailure.objects.all():
        assert failure.code in CAUSES
        assert '"name":"bad"' in failure.raw


def test_every_cause_says_what_is_wrong_and_how_to_mend_it_in_both_languages():
    assert all(text.ko and text.en for cause in CAUSES.values() for text in (cause.what, cause.mend))


# another version of the hub


def test_what_a_newer_hub_says_beyond_our_standard_is_kept_and_harms_nothing():
    told = item("1", hub_future={"a": [1]}, accessLevel="public", theme=["a-theme-of-tomorrow"])
    result = read(told)
    assert counts(result) == {"created": 1}
    assert Harvested.objects.get(kind="dataset").content["hub_future"] == {"a": [1]}
    assert any("hub_future" in finding.where for finding in result.findings)


# what two feeds tell


PAIRS = [
    ("identifier", item("https://a.example/1", title="A"), item("https://a.example/1", title="B")),
    (
        "uri",
        item("1", title="A") | {"@id": "https://a.example/1"},
        item("2", title="B") | {"@id": "https://a.example/1"},
    ),
    ("content", item("1", FILE, title="A"), item("2", FILE, title="A")),
]


@pytest.mark.parametrize(("reason", "one", "other"), PAIRS, ids=[pair[0] for pair in PAIRS])
def test_a_dataset_that_two_feeds_tell_is_shown_as_a_pair_and_both_are_kept(reason, one, other):
    read(one)
    read(other, feed="city-b")
    assert (DuplicatePair.objects.get().reason, len(shown())) == (reason, 2)
    read(one | {"description": "New"})
    assert DuplicatePair.objects.count() == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [(item("1", title="A"), item("1", title="B")), (item("1", title="A"), item("2", title="A"))],
    ids=["a number of their own", "a title without files"],
)
def test_what_says_nothing_elsewhere_makes_no_pair(one, other):
    read(one)
    read(other, feed="city-b")
    assert not DuplicatePair.objects.exists()


def test_a_dataset_of_ours_that_a_portal_tells_back_is_a_pair():
    own = make_dataset()
    read(item(f"https://portal.example/dataset/{own.pk}"), feed="portal")
    assert {DuplicatePair.objects.get().first_id, DuplicatePair.objects.get().second_id} > {own.pk}


def test_the_same_stays_withdrawn_whatever_its_feed_tells_and_different_is_not_asked_again():
    read(item("1", FILE, title="A"))
    read(item("2", FILE, title="A"), item("3"), feed="city-b")
    pair = DuplicatePair.objects.get()
    keep, drop = Dataset.objects.get(slug="a"), Dataset.objects.exclude(slug="a").get(title_en="A")
    say_same(pair, keep, None, NOW)
    assert superseded([keep.slug, drop.slug]) == {drop.slug}
    assert shown() == {"a", "dataset-3"}
    read(item("2", FILE, title="A", description="New"), item("3"), feed="city-b")
    read(item("3"), feed="city-b", accept=True)
    read(item("2", FILE, title="A"), item("3"), feed="city-b")
    assert shown() == {"a", "dataset-3"}
    pair.refresh_from_db()
    say_different(pair, None, NOW)
    assert len(shown()) == 3
    read(item("2", FILE, title="A", description="Newer"), item("3"), feed="city-b")
    assert DuplicatePair.objects.get().state == "different"
