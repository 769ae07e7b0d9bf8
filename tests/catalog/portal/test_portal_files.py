"""The page of a dataset offers the whole files of the current version, with size and SHA-256, to who may read them."""

import pytest
from builders import ROWS, make_dataset, publish_rows
from django.test import Client
from portal_reading import by_class, read_page, words

from catalog.models import Dataset, SnapshotFile
from catalog.write_file import write_next_file

pytestmark = pytest.mark.django_db


@pytest.fixture
def dataset() -> Dataset:
    dataset = make_dataset()
    publish_rows(dataset, ROWS)
    for _ in range(3):
        write_next_file()
    return dataset


def test_whole_files_are_offered_with_their_size_and_digest(client: Client, dataset: Dataset) -> None:
    page = read_page(client, "/dataset/air-quality")
    files = SnapshotFile.objects.order_by("format")
    assert words(page, f"{by_class('whole', 'ul')}//code") == [row.digest for row in files]
    addresses = [link.get("href") for link in page.xpath(f"{by_class('whole', 'ul')}//a")]
    assert [address.rpartition(".")[2] for address in addresses] == ["csv", "parquet"]
    for address in addresses:
        assert client.get(address)["Accept-Ranges"] == "bytes"


def test_files_that_are_not_written_yet_are_not_offered(client: Client, dataset: Dataset) -> None:
    publish_rows(dataset, ROWS[:1])
    assert read_page(client, "/dataset/air-quality").xpath(by_class("whole")) == []


def test_who_may_not_read_sees_no_files(client: Client, dataset: Dataset) -> None:
    Dataset.objects.update(access_level="registered")
    page = client.get("/dataset/air-quality")
    assert SnapshotFile.objects.first().digest not in page.content.decode()
