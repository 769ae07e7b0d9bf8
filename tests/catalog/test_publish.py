"""The writers of the catalogue: what each changes, what each records, and what makes it refuse."""

import dataclasses
import datetime as dt
import os
from typing import Any

import pytest
from builders import ROWS, SCHEMA, make_dataset, make_organisation, publish_rows
from descriptions import COMPLETE, complete
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from catalog.describe import describe
from catalog.errors import BadDescription, Conflict, DatasetNotFound, OrganisationNotFound
from catalog.feed import link_of
from catalog.models import Change, Dataset, Distribution, FeedHead, Organisation, Snapshot
from catalog.publish import (
    Outcome,
    describe_dataset,
    publish_snapshot,
    restore_dataset,
    save_organisation,
    withdraw_dataset,
)
from catalog.records import (
    Column,
    Limits,
    LoadMode,
    Manifest,
    Report,
    discard,
    from_table_schema,
    tabulate,
    write_snapshot,
)
from catalog.retention import collect_orphan_parts, forget_old_snapshots
from catalog.search import Query, find
from catalog.standard import FIELDS, vocabulary
from catalog.storage import record_store
from catalog.text import Text

pytestmark = pytest.mark.django_db

JANUARY, FEBRUARY, MARCH = (dt.datetime(2024, month, 1, tzinfo=dt.UTC) for month in (1, 2, 3))
OTHER_ROWS = (*ROWS, {"station_id": "0104", "district": "중구", "pm10": "12", "observed_on": "2018-01-04"})


def count_found(text: str) -> int:
    found = find(Query(text=text), AnonymousUser())
    return 0 if found.is_guess else found.count


def kinds() -> list[str]:
    return list(Change.objects.values_list("kind", flat=True))


def sequences() -> list[int]:
    return list(Change.objects.values_list("sequence", flat=True))


def write(rows: Any, *, mode: str = "replace", previous: Manifest | None = None) -> Manifest:
    """Write rows as parts, without publishing them."""
    limits = Limits(spool=settings.SPOOL_DIR)
    staged = tabulate(rows, SCHEMA, limits=limits)
    try:
        return write_snapshot(staged, record_store(), mode=LoadMode(mode), previous=previous, limits=limits)
    finally:
        discard(staged)


def current_of(dataset: Dataset) -> Snapshot | None:
    dataset.distribution.refresh_from_db()
    return dataset.distribution.current_snapshot


# Every writer and its change


def test_every_writer_records_one_change_and_a_second_call_none():
    make_organisation()
    dataset = make_dataset()
    steps = [
        (lambda: make_dataset(), "created"),
        (lambda: make_dataset(licence="cc-by-4.0"), "described"),
        (lambda: make_dataset(licence="cc0-1.0"), "described"),
        (lambda: publish_rows(dataset, valid_at=JANUARY), "snapshot-published"),
        (lambda: withdraw_dataset(dataset.slug), "withdrawn"),
        (lambda: restore_dataset(dataset.slug), "restored"),
    ]
    for _, (write_once, kind) in enumerate(steps):
        write_once()
        before = kinds()
        write_once()
        assert kinds() == before
        assert before[-1] == kind
    assert kinds() == [kind for _, kind in steps]
    assert sequences() == [1, 2, 3, 4, 5, 6]


def test_a_change_names_the_dataset_its_organisation_and_its_snapshot():
    dataset = make_dataset()
    snapshot = publish_rows(dataset)
    change = Change.objects.last()
    assert (change.dataset_id, change.dataset_slug, change.organisation_slug, change.snapshot_digest) == (
        dataset.pk,
        "air-quality",
        "hanbit-city",
        snapshot.digest,
    )


def test_a_rolled_back_writer_leaves_no_gap_in_the_feed():
    make_dataset()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        make_dataset(licence="cc-by-4.0")
        raise ZeroDivisionError
    make_dataset(licence="cc0-1.0")
    assert sequences() == [1, 2]


def test_who_follows_a_theme_or_sees_a_level_is_told_that_a_dataset_has_left_it():
    make_dataset(theme="environment")
    make_dataset(theme="transport")
    make_dataset(theme="transport", access_level="non-public", access_reason={"ko": "보안 시설"})
    make_dataset(theme="transport")
    told = [(change.kind, change.theme, change.access_level) for change in Change.objects.all()]
    assert told == [
        ("created", "environment", "public"),
        ("described", "environment", "public"),
        ("described", "transport", "public"),
        ("withdrawn", "transport", "public"),
        ("described", "transport", "non-public"),
        ("described", "transport", "non-public"),
        ("restored", "transport", "public"),
    ]


def test_each_entry_is_chained_to_the_one_before():
    dataset = make_dataset()
    publish_rows(dataset)
    withdraw_dataset(dataset.slug)
    before = ""
    for change in Change.objects.all():
        assert change.digest == link_of(before, change) != before
        before = change.digest
    assert FeedHead.objects.get().digest == before


# Organisations


def test_an_organisation_is_created_changed_and_left_alone():
    outcomes = [
        save_organisation("hanbit-city", {"name": {"ko": name}, "region": "44", "homepage": "https://hanbit.example"})
        for name in ("한빛시", "한빛특별시", "한빛특별시")
    ]
    assert outcomes == [Outcome.CREATED, Outcome.CHANGED, Outcome.UNCHANGED]
    assert Organisation.objects.get().name_ko == "한빛특별시"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"slug": "Hanbit City"}, "slug"),
        ({"slug": "hanbit_city"}, "slug"),
        ({"slug": "h" * 101}, "slug"),
        ({"name": {"en": "Hanbit"}}, "name"),
        ({"name": {"ko": "한" * 501}}, "name"),
        ({"region": "99"}, "region"),
        ({"homepage": "https://hanbit.example/" + "a" * 2000}, "homepage"),
        ({"contact_point": {"name": {"ko": "과"}, "phone": "0" * 51}}, "contact_point"),
        ({"colour": "blue"}, "colour"),
    ],
)
def test_an_organisation_that_cannot_be_is_refused(wrong, field):
    description = {"slug": "hanbit-city", "name": {"ko": "한빛시"}} | wrong
    with pytest.raises(BadDescription) as refused:
        save_organisation(description.pop("slug"), description)
    [(named, text)] = refused.value.problems
    assert named == field
    assert text.ko
    assert text.en
    assert not Organisation.objects.exists()


def test_a_renamed_organisation_is_found_by_its_new_name_and_its_datasets_count_as_described():
    make_dataset("air-quality")
    make_dataset("noise")
    make_organisation(ko="새빛시", en="Saebit City")
    assert (count_found("새빛시"), count_found("한빛시")) == (2, 0)
    assert kinds() == ["created", "created", "described", "described"]


# Descriptions


def test_an_unchanged_description_keeps_its_date():
    before = make_dataset().modified_at
    assert make_dataset().modified_at == before


def test_the_words_of_the_columns_are_searched_and_forgotten_with_them():
    renamed = dataclasses.replace(
        SCHEMA, columns=(*SCHEMA.columns[:3], Column("observed_on", "date", title=Text(ko="관측 일자")))
    )
    make_dataset()
    assert count_found("측정일") == 1
    make_dataset(schema=renamed)
    assert (count_found("관측일자"), count_found("측정일")) == (1, 0)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": None}, "title"),
        ({"title": {"en": "Only English"}}, "title"),
        ({"title": {"ko": "긴" * 201}}, "title"),
        ({"theme": "weather"}, "theme"),
        ({"licence": "mine"}, "licence"),
        ({"region": "99"}, "region"),
        ({"temporal": {"start": "2019-01-01", "end": "2018-01-01"}}, "temporal"),
        ({"access_reason": None}, "access_reason"),
        ({"landing_page": "https://hanbit.example/" + "a" * 2000}, "landing_page"),
        ({"contact_point": {"name": {"ko": "과"}, "phone": "0" * 51}}, "contact_point"),
        ({"contact_point": {"name": {"ko": "과" * 201}}}, "contact_point"),
        ({"colour": "blue"}, "colour"),
    ],
)
def test_a_description_that_the_standard_refuses_changes_nothing(changes, field):
    make_organisation()
    describe_dataset("parking", COMPLETE, SCHEMA)
    wrong = {name: value for name, value in (COMPLETE | changes).items() if value is not None}
    for slug in ("parking", "another"):
        with pytest.raises(BadDescription) as refused:
            describe_dataset(slug, wrong, SCHEMA)
        assert [named for named, _ in refused.value.problems] == [field]
    assert describe(Dataset.objects.get()) == COMPLETE
    assert kinds() == ["created"]


def test_all_problems_of_a_description_are_told_at_once():
    with pytest.raises(BadDescription) as refused:
        describe_dataset("Park ing", COMPLETE | {"theme": "weather", "licence": "mine"}, SCHEMA)
    assert [field for field, _ in refused.value.problems] == ["slug", "theme", "licence"]


def test_a_dataset_needs_an_organisation_that_is_there():
    with pytest.raises(OrganisationNotFound):
        describe_dataset("parking", COMPLETE, SCHEMA)
    assert not Dataset.objects.exists()


words = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40).filter(str.strip)
both = st.fixed_dictionaries({"ko": words}, optional={"en": words})
days = st.dates().map(dt.date.isoformat)


def code_of(field: str) -> st.SearchStrategy:
    return st.sampled_from(sorted(vocabulary(field)))


VALUES = {
    "title": both,
    "description": both,
    "organisation": st.just("hanbit-city"),
    "contact_point": st.fixed_dictionaries(
        {"name": both}, optional={"email": st.just("data@hanbit.example"), "phone": st.text("0123456789-", min_size=1)}
    ),
    "theme": code_of("theme"),
    "keywords": st.dictionaries(
        st.sampled_from(["ko", "en"]), st.lists(words, min_size=1, max_size=3), min_size=1, max_size=2
    ),
    "licence": code_of("licence"),
    "frequency": code_of("frequency"),
    "region": st.sampled_from(["11", "44", "44131", "4413110100"]),
    "temporal": st.one_of(
        days.map(lambda day: {"start": day}),
        days.map(lambda day: {"end": day}),
        st.tuples(days, days).map(sorted).map(lambda pair: {"start": pair[0], "end": pair[1]}),
    ),
    "access_level": code_of("access_level"),
    "access_reason": both,
    "landing_page": st.just("https://hanbit.example/자료?a=1"),
}
MANDATORY = {field.name for field in FIELDS if field.obligation == "mandatory"} | {"access_reason"}
descriptions = st.fixed_dictionaries(
    {name: value for name, value in VALUES.items() if name in MANDATORY},
    optional={name: value for name, value in VALUES.items() if name not in MANDATORY},
)


def test_a_description_with_every_field_is_read_back_the_same():
    make_organisation()
    whole = complete() | {"access_level": "restricted", "personal_data": "none"}
    whole["columns"] = [column | {"personal_data": "none"} for column in whole["columns"]]
    describe_dataset("parking", whole)
    assert describe(Dataset.objects.get(slug="parking")) == whole


def test_the_distributions_of_a_description_keep_their_identifiers():
    first = {"access_url": "https://hanbit.example/a", "title": {"ko": "가"}}
    second = {"access_url": "https://hanbit.example/b", "title": {"ko": "나"}}
    make_dataset(distributions=[first, second])
    before = {row.access_url: row.uid for row in links_of("air-quality")}
    make_dataset(distributions=[second | {"title": {"ko": "다"}}, first])
    after = {row.access_url: row.uid for row in links_of("air-quality")}
    assert after == before
    assert [row.title_ko for row in links_of("air-quality")] == ["다", "가"]
    make_dataset(distributions=[first])
    assert [row.uid for row in links_of("air-quality")] == [before["https://hanbit.example/a"]]
    assert kinds() == ["created", "described", "described"]


def links_of(slug):
    return Distribution.objects.filter(dataset__slug=slug, schema__isnull=True)


def test_a_description_without_a_schema_keeps_the_records():
    make_dataset()
    make_dataset(schema=None, theme="culture")
    assert from_table_schema(Dataset.objects.get().distribution.schema) == SCHEMA


@hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=descriptions, second=descriptions)
def test_what_is_described_is_read_back_the_same(first, second):
    make_organisation()
    for description in (first, second):
        describe_dataset("parking", description, SCHEMA)
        assert describe(Dataset.objects.get(slug="parking")) == description


# Snapshots


def test_a_first_and_a_changed_answer_are_published_an_equal_one_is_not():
    dataset = make_dataset()
    first = publish_rows(dataset, ROWS, valid_at=JANUARY)
    assert publish_rows(dataset, ROWS, valid_at=FEBRUARY) is None
    second = publish_rows(dataset, OTHER_ROWS, valid_at=MARCH)
    first.refresh_from_db()
    assert current_of(dataset) == second
    assert (first.replaced_at, second.replaced_at) == (second.published_at, None)
    assert (first.records, second.records) == (3, 4)
    assert kinds() == ["created", "snapshot-published", "snapshot-published"]


def test_an_older_release_is_kept_and_never_becomes_current():
    dataset = make_dataset()
    newer = publish_rows(dataset, OTHER_ROWS, valid_at=FEBRUARY)
    older = publish_rows(dataset, ROWS, valid_at=JANUARY)
    assert current_of(dataset) == newer
    assert older.replaced_at is not None
    assert newer.replaced_at is None
    assert publish_rows(dataset, ROWS, valid_at=JANUARY) is None
    assert dataset.distribution.snapshots.count() == 2


def test_a_release_whose_content_returns_to_what_it_was_is_current_again():
    dataset = make_dataset()
    first = publish_rows(dataset, ROWS, valid_at=JANUARY)
    publish_rows(dataset, OTHER_ROWS, valid_at=JANUARY)
    again = publish_rows(dataset, ROWS, valid_at=JANUARY)
    assert again is not None
    assert current_of(dataset) == again
    assert again.digest == first.digest


def test_a_newer_release_with_the_same_content_is_not_overtaken_by_a_corrected_older_one():
    dataset = make_dataset()
    current = publish_rows(dataset, ROWS, valid_at=JANUARY)
    assert publish_rows(dataset, ROWS, valid_at=MARCH) is None
    corrected = publish_rows(dataset, OTHER_ROWS, valid_at=FEBRUARY)
    assert current_of(dataset) == current
    assert corrected.replaced_at is not None


def test_an_addition_is_current_even_when_its_slot_is_older_than_the_others():
    dataset = make_dataset()
    first = publish_rows(dataset, ROWS, valid_at=MARCH)
    manifest = write(OTHER_ROWS[3:], mode="append", previous=first.manifest)
    added = publish_snapshot(
        dataset.distribution, manifest, report=Report(), rejected=0, valid_at=JANUARY, based_on=first.digest
    )
    assert current_of(dataset) == added
    assert (added.records, added.valid_at) == (4, MARCH)


@pytest.mark.parametrize("based_on", ["", "0" * 64])
def test_an_addition_to_another_snapshot_than_the_current_one_is_a_conflict(based_on):
    dataset = make_dataset()
    first = publish_rows(dataset, ROWS, valid_at=JANUARY)
    with pytest.raises(Conflict):
        publish_snapshot(
            dataset.distribution, write(OTHER_ROWS), report=Report(), rejected=0, valid_at=MARCH, based_on=based_on
        )
    assert current_of(dataset) == first
    assert kinds() == ["created", "snapshot-published"]


def test_an_addition_to_nothing_conflicts_when_there_is_something_by_now():
    dataset = make_dataset()
    distribution = dataset.distribution
    publish_rows(make_dataset(), ROWS, valid_at=JANUARY)
    with pytest.raises(Conflict):
        publish_snapshot(distribution, write(OTHER_ROWS), report=Report(), rejected=0, valid_at=MARCH, based_on="")


def test_describing_a_dataset_keeps_its_snapshot():
    dataset = make_dataset()
    snapshot = publish_rows(dataset)
    make_dataset(licence="cc0-1.0")
    assert current_of(dataset) == snapshot


# Withdrawing


def test_a_dataset_is_withdrawn_and_restored_once():
    make_dataset()
    outcomes = [act("air-quality") for act in (restore_dataset, withdraw_dataset, withdraw_dataset, restore_dataset)]
    assert outcomes == [Outcome.UNCHANGED, Outcome.CHANGED, Outcome.UNCHANGED, Outcome.CHANGED]
    assert kinds() == ["created", "withdrawn", "restored"]


@pytest.mark.parametrize("act", [withdraw_dataset, restore_dataset])
def test_an_unknown_dataset_cannot_be_withdrawn_or_restored(act):
    with pytest.raises(DatasetNotFound):
        act("nowhere")


# Forgetting


def test_replaced_snapshots_are_forgotten_after_their_days_and_current_ones_never(settings):
    settings.SNAPSHOT_DAYS = 30
    dataset, still = make_dataset("air-quality"), make_dataset("noise")
    publish_rows(dataset, ROWS, valid_at=JANUARY)
    current = publish_rows(dataset, OTHER_ROWS, valid_at=FEBRUARY)
    publish_rows(still, ROWS, valid_at=JANUARY)
    now = timezone.now()
    assert forget_old_snapshots(now + dt.timedelta(days=29)) == 0
    assert forget_old_snapshots(now + dt.timedelta(days=31)) == 1
    assert forget_old_snapshots(now + dt.timedelta(days=4000)) == 0
    assert current_of(dataset) == current
    assert Snapshot.objects.count() == 2


def test_parts_that_no_snapshot_names_go_and_all_others_stay():
    dataset, other = make_dataset("air-quality"), make_dataset("noise")
    publish_rows(dataset, ROWS, valid_at=JANUARY)
    publish_rows(other, ROWS, valid_at=JANUARY)  # the same part, named by two snapshots
    publish_rows(dataset, OTHER_ROWS, valid_at=FEBRUARY)
    young, old = write(OTHER_ROWS[:1]).parts[0].digest, write(OTHER_ROWS[:2]).parts[0].digest
    store = record_store()
    two_days_ago = timezone.now().timestamp() - 2 * 86_400
    for digest in [digest for digest in store.digests() if digest != young]:
        os.utime(store.path(digest), (two_days_ago, two_days_ago))
    assert collect_orphan_parts() == 1
    assert not store.has(old)
    assert store.has(young)
    for snapshot in Snapshot.objects.all():
        assert all(store.has(part.digest) for part in snapshot.manifest.parts)
