"""Numbers of versions: given as snapshots become the current one, and to those of a hub of before."""

from importlib import import_module

import pytest
from builders import make_dataset, publish_rows
from django.apps import apps
from django.db import connection

from catalog.errors import VersionNotFound
from catalog.models import Snapshot
from catalog.versions import current_version, find_version, versions_between

pytestmark = pytest.mark.django_db


def test_snapshots_of_before_are_numbered_as_they_became_the_current_one() -> None:
    for slug in ("air", "parking"):
        dataset = make_dataset(slug)
        for station in range(3):
            publish_rows(dataset, [{"station_id": str(station)}])
        late = publish_rows(
            dataset, [{"station_id": "late"}], valid_at=current_version(dataset).valid_at.replace(year=2001)
        )
        assert late is not None and late.version is None
    given = dict(Snapshot.objects.values_list("pk", "version"))
    assert sorted(version for version in given.values() if version is not None) == [0, 0, 1, 1, 2, 2]
    Snapshot.objects.update(version=None)
    import_module("catalog.migrations.0011_snapshot_versions").number_snapshots(apps, connection.schema_editor())
    assert dict(Snapshot.objects.values_list("pk", "version")) == given


def test_the_same_content_again_is_no_version_and_of_before_a_new_one() -> None:
    dataset = make_dataset()
    for station in ("1", "1", "2", "1"):
        publish_rows(dataset, [{"station_id": station}])
    dataset.refresh_from_db()
    found = versions_between(dataset, 1, 2)
    assert [snapshot.version for snapshot in found] == [0, 1, 2]
    assert found[0].digest == found[2].digest != found[1].digest
    assert find_version(dataset, 2).pk == dataset.distribution.current_snapshot_id
    with pytest.raises(VersionNotFound, match="the versions that are kept: 0 to 2"):
        find_version(dataset, 3)
