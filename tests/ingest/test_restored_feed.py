"""A feed that was restored from a backup is noticed by its mark, and nobody is given a number twice."""

import pytest
from builders import make_dataset

from catalog.models import Change, FeedHead
from ingest.federation.restored import mark_path, watch_for_restore

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_mark():
    mark_path().unlink(missing_ok=True)
    yield
    mark_path().unlink(missing_ok=True)


def epoch() -> int:
    return FeedHead.objects.get().epoch


def go_back(sequence: int) -> None:
    """Make the feed what a backup had of it."""
    Change.objects.filter(sequence__gt=sequence).delete()
    FeedHead.objects.update(
        sequence=sequence, digest=Change.objects.filter(sequence=sequence).values_list("digest", flat=True).get()
    )


def test_a_feed_that_goes_on_keeps_its_epoch():
    make_dataset("one")
    before = epoch()
    assert not watch_for_restore()
    make_dataset("two")
    assert not watch_for_restore()
    assert not watch_for_restore()
    assert epoch() == before


def test_a_feed_that_is_behind_its_mark_begins_a_new_epoch_once():
    make_dataset("one")
    make_dataset("two")
    watch_for_restore()
    before = epoch()
    go_back(1)
    assert watch_for_restore()
    assert epoch() > before
    assert not watch_for_restore()


def test_a_feed_that_has_written_on_since_is_noticed_by_its_chain():
    make_dataset("one")
    make_dataset("two")
    watch_for_restore()
    go_back(1)
    make_dataset("three")
    make_dataset("four")
    assert watch_for_restore()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"epoch": 1}'])
def test_a_mark_that_cannot_be_read_is_written_anew(content):
    make_dataset("one")
    mark_path().parent.mkdir(parents=True, exist_ok=True)
    mark_path().write_text(content)
    assert not watch_for_restore()
    assert str(FeedHead.objects.get().digest) in mark_path().read_text()
