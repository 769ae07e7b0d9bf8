"""A hub of the version before comes over with all that it holds."""

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from catalog.describe import describe
from catalog.feed import link_of
from catalog.models import Change, Dataset, Distribution, FeedHead

BEFORE_THE_CHAIN = [("catalog", "0009_guarded"), ("ingest", "0005_event_rules")]
BEFORE = [("catalog", "0001_initial"), ("ingest", "0001_initial")]


def migrate(targets):
    executor = MigrationExecutor(connection)
    executor.migrate(targets)
    return executor.loader.project_state(targets).apps


@pytest.mark.django_db(transaction=True)
def test_the_change_feed_of_before_is_chained_and_tells_what_it_is_chosen_by():
    latest = MigrationExecutor(connection).loader.graph.leaf_nodes()
    apps = migrate(BEFORE_THE_CHAIN)
    organisation = apps.get_model("catalog", "Organisation").objects.create(slug="hanbit-city", name_ko="한빛시")
    dataset = apps.get_model("catalog", "Dataset").objects.create(
        slug="air", organisation=organisation, title_ko="대기", theme="environment", region="44", licence="kogl-1"
    )
    for sequence, kind in enumerate(("created", "described", "withdrawn"), start=1):
        apps.get_model("catalog", "Change").objects.create(
            sequence=sequence,
            kind=kind,
            dataset_id=dataset.pk,
            dataset_slug="air",
            organisation_slug="hanbit-city",
            at=timezone.now(),
        )
    apps.get_model("catalog", "FeedHead").objects.create(pk=1, sequence=3)

    migrate(latest)

    before = ""
    for change in Change.objects.all():
        assert (change.theme, change.region, change.access_level) == ("environment", "44", "public")
        assert change.digest == link_of(before, change)
        before = change.digest
    head = FeedHead.objects.get()
    assert head.digest == before and head.epoch > 0


@pytest.mark.django_db(transaction=True)
def test_the_licence_of_records_becomes_that_of_their_dataset():
    latest = MigrationExecutor(connection).loader.graph.leaf_nodes()
    apps = migrate(BEFORE)
    organisation = apps.get_model("catalog", "Organisation").objects.create(slug="hanbit-city", name_ko="한빛시")
    for slug, licence in (("air", "kogl-1"), ("parking", "cc-by-4.0")):
        dataset = apps.get_model("catalog", "Dataset").objects.create(
            slug=slug, organisation=organisation, title_ko=slug, description_ko=slug, theme="environment"
        )
        apps.get_model("catalog", "Distribution").objects.create(
            dataset=dataset, licence=licence, schema={"fields": [{"name": "id", "type": "string"}]}
        )

    migrate(latest)

    datasets = {dataset.slug: dataset for dataset in Dataset.objects.select_related("distribution", "organisation")}
    assert {slug: describe(dataset)["licence"] for slug, dataset in datasets.items()} == {
        "air": "kogl-1",
        "parking": "cc-by-4.0",
    }
    assert all(dataset.distribution.dataset_id == dataset.pk for dataset in datasets.values())
    assert len(set(Distribution.objects.values_list("uid", flat=True))) == 2
    assert set(Distribution.objects.values_list("licence", flat=True)) == {""}
