"""``quickstart --check`` is content with a right hub and finds what is wrong with another."""

import io

import pytest
from builders import make_dataset, publish_rows
from rich.console import Console

from catalog.models import Snapshot
from datahub.api_check import check_api
from ingest.models import Run, Source

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def hub(live_server):
    """A hub with one published dataset, one that waits for its first records, and a source that was pulled."""
    dataset = make_dataset()
    publish_rows(dataset)
    make_dataset("noise")
    source = Source.objects.create(slug="air-quality", distribution=dataset.distribution, connector="file")
    now = dataset.created_at
    Run.objects.create(source=source, slot=now, due_at=now, state=Run.State.PUBLISHED)
    return live_server.url


def said(hub):
    output = io.StringIO()
    good = check_api(hub, Console(file=output, width=200))
    return good, [line for line in output.getvalue().splitlines() if line.startswith("✗")]


def test_a_right_hub_is_found_right(hub):
    assert said(hub) == (True, [])


def test_records_that_are_not_those_of_the_database_are_found(hub):
    Snapshot.objects.update(records=4)
    good, wrong = said(hub)

    assert not good
    assert "the CSV of air-quality is whole" in wrong[0]


@pytest.mark.parametrize(("state", "code"), [("failed", "unreachable"), ("held", ""), ("waiting", "")])
def test_a_source_that_was_not_pulled_is_found(hub, state, code):
    Run.objects.update(state=state, error_code=code)
    good, wrong = said(hub)

    assert not good
    assert len(wrong) == 1
    assert "every source was pulled" in wrong[0]
