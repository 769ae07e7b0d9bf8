"""The index lies in the same transaction as the datasets, and a command proves that it is theirs."""

from io import StringIO

import pytest
from builders import make_dataset, make_organisation, publish_rows
from django.contrib.auth.models import AnonymousUser
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from small_catalogue import write_datasets

from catalog.models import Dataset, SearchChunk, SearchEntry
from catalog.publish import restore_dataset, save_quality, withdraw_dataset
from catalog.search import Query, check_index, find, index_datasets, rebuild_index
from catalog.search.vendors import vendor

pytestmark = pytest.mark.django_db


def slugs(text: str = "", **codes: list[str]) -> list[str]:
    found = find(Query(text=text, codes=codes), AnonymousUser())
    return sorted(hit.dataset.slug for hit in found.page(Dataset.objects.all(), limit=100))


def versions() -> set:
    return set(SearchChunk.objects.values_list("version", flat=True))


def test_a_dataset_is_found_as_soon_as_it_is_described_and_by_what_it_says_now() -> None:
    make_dataset("lamps", title={"ko": "가로등"})
    assert slugs("가로등") == ["lamps"]
    make_dataset("lamps", title={"ko": "신호등"}, theme="transport")
    assert (slugs("가로등"), slugs("신호등"), slugs(theme=["transport"])) == ([], ["lamps"], ["lamps"])


def test_what_was_rolled_back_is_not_found() -> None:
    make_dataset("air", title={"ko": "대기질"})
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        make_dataset("noise", title={"ko": "소음"})
        assert slugs("소음") == ["noise"]
        raise ZeroDivisionError
    assert (slugs("소음"), slugs(theme=["environment"])) == ([], ["air"])


def test_a_withdrawn_dataset_is_gone_and_back_when_it_is_restored() -> None:
    make_dataset("air", title={"ko": "대기질"})
    withdraw_dataset("air")
    assert (slugs("대기질"), slugs(), SearchEntry.objects.count(), vendor().count()) == ([], [], 0, 0)
    restore_dataset("air")
    assert slugs("대기질") == ["air"]


def test_the_words_of_its_organisation_and_its_columns_find_a_dataset() -> None:
    make_dataset("air", title={"ko": "대기질"})
    make_organisation(ko="가온군")
    assert (slugs("가온군"), slugs("한빛시"), slugs("pm10"), slugs("측정소 번호")) == (["air"], [], ["air"], ["air"])


def test_published_records_tell_their_formats_and_their_period() -> None:
    dataset = make_dataset("air")
    assert slugs(format=["CSV"]) == []
    publish_rows(dataset)
    assert slugs(format=["CSV"]) == slugs(format=["PARQUET"]) == ["air"]
    assert slugs(format=["GEOJSON"]) == []
    entry = SearchEntry.objects.get()
    assert (entry.starts.isoformat(), entry.ends.isoformat()) == ("2018-01-01", "2018-01-03")


def test_the_band_of_quality_is_a_facet() -> None:
    dataset = make_dataset("air")
    save_quality(dataset, score=300, band="good", at=dataset.created_at)
    assert slugs(quality=["good"]) == ["air"]
    assert find(Query(), AnonymousUser()).count_facets()["quality"] == {"good": 1}


def test_what_is_unchanged_is_not_written() -> None:
    dataset = make_dataset("air")
    before = versions()
    with CaptureQueriesContext(connection) as statements:
        index_datasets([dataset])
    assert versions() == before
    assert not [one["sql"] for one in statements if one["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]


def test_a_change_of_words_alone_leaves_the_codes_their_version() -> None:
    make_dataset("air", title={"ko": "대기질"})
    before = versions()
    make_dataset("air", title={"ko": "소음"})
    assert versions() == before
    make_dataset("air", title={"ko": "소음"}, theme="transport")
    assert versions() != before


@pytest.mark.parametrize("number", [1, 50])
def test_indexing_many_costs_the_statements_of_one(number: int) -> None:
    datasets = write_datasets([{"title_ko": f"자료 {index}"} for index in range(number)])
    Dataset.objects.update(title_ko="다른 제목", theme="environment")
    with CaptureQueriesContext(connection) as statements:
        index_datasets(datasets)
    assert len(statements) <= 14
    assert len(slugs("다른 제목")) == number


def test_entries_are_numbered_from_one_and_anew_when_the_index_is_rebuilt() -> None:
    for index in range(4):
        make_dataset(f"dataset-{index}")
    withdraw_dataset("dataset-1")
    found = slugs("대기질")
    call_command("reindex", verbosity=0)
    assert set(SearchEntry.objects.values_list("id", flat=True)) == {1, 2, 3}
    assert slugs("대기질") == found == ["dataset-0", "dataset-2", "dataset-3"]


def test_the_check_is_silent_while_the_index_is_that_of_the_datasets(capsys: pytest.CaptureFixture[str]) -> None:
    publish_rows(make_dataset("air"))
    call_command("reindex", "--check")
    assert "the index is what would be built" in capsys.readouterr().out


def spoil_title() -> None:
    Dataset.objects.update(title_ko="몰래 바꾼 제목")


def spoil_theme() -> None:
    Dataset.objects.update(theme="energy")


def spoil_tokens() -> None:
    vendor().clear()


def spoil_entries() -> None:
    SearchEntry.objects.all().delete()


def spoil_withdrawal() -> None:
    Dataset.objects.update(withdrawn_at=Dataset.objects.get().created_at)


@pytest.mark.parametrize("spoil", [spoil_title, spoil_theme, spoil_tokens, spoil_entries, spoil_withdrawal])
def test_the_check_finds_what_differs_and_a_rebuild_mends_it(spoil: object) -> None:
    make_dataset("air")
    spoil()
    with pytest.raises(CommandError, match="air"):
        call_command("reindex", "--check")
    call_command("reindex", verbosity=0)
    call_command("reindex", "--check")


def test_an_index_of_nothing_is_right() -> None:
    assert (rebuild_index(), check_index()) == (0, [])


def test_a_title_longer_than_any_index_key_is_found() -> None:
    write_datasets([{"title_ko": "긴 제목 " * 190, "slug": "long"}])
    assert slugs("제목") == ["long"]


def test_every_served_format_is_a_file_type() -> None:
    make_dataset("air")
    publish_rows(Dataset.objects.select_related("distribution").get())
    assert set(find(Query(), AnonymousUser()).count_facets()["format"]) == {"CSV", "JSON", "PARQUET"}


def test_datasets_that_are_not_in_the_index_are_added_and_no_others():
    make_dataset("air")
    make_dataset("noise")
    SearchEntry.objects.filter(dataset__slug="noise").delete()
    told = StringIO()
    call_command("reindex", "--missing", stdout=told)
    assert told.getvalue() == "1 datasets were added\n"
    call_command("reindex", "--check")


@pytest.mark.parametrize(
    "change",
    [
        lambda: make_dataset("air", theme="culture"),
        lambda: make_dataset("air", distributions=[{"access_url": "https://hanbit.example/a"}]),
        lambda: make_organisation(ko="새빛시"),
    ],
    ids=["its theme", "a link", "its organisation"],
)
def test_the_index_sorts_by_the_date_that_a_change_gave(change) -> None:
    before = make_dataset("air").modified_at
    change()
    assert Dataset.objects.get().modified_at > before
    call_command("reindex", "--check")
