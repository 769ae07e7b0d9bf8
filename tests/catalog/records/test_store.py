import os
import time
from pathlib import Path

import pytest

from catalog.records import Store


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(tmp_path / "store")


def written(folder: Path, content: bytes) -> Path:
    path = folder / "written"
    path.write_bytes(content)
    return path


HELLO = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"


def test_a_file_is_moved_under_its_digest(store, tmp_path):
    path = written(tmp_path, b"hello")
    assert store.keep(path) == HELLO
    assert not path.exists()
    assert store.path(HELLO) == store.root / "2c" / f"{HELLO}.parquet"
    assert store.path(HELLO).read_bytes() == b"hello"
    assert store.has(HELLO)
    assert list(store.digests()) == [HELLO]


def test_the_same_content_is_kept_once(store, tmp_path):
    store.keep(written(tmp_path, b"hello"))
    again = written(tmp_path, b"hello")
    assert store.keep(again) == HELLO
    assert not again.exists()
    assert list(store.digests()) == [HELLO]


def test_an_empty_store_knows_nothing(store):
    assert not store.has(HELLO)
    assert list(store.digests()) == []
    assert store.collect_orphans(set()) == 0


def make_old(store: Store, digest: str, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(store.path(digest), (then, then))


def test_only_old_files_that_nobody_names_are_collected(store, tmp_path):
    named, young, old = (store.keep(written(tmp_path, content)) for content in (b"named", b"young", b"old"))
    make_old(store, named, 90_000)
    make_old(store, old, 90_000)
    assert store.collect_orphans({named}) == 1
    assert set(store.digests()) == {named, young}


def test_a_file_that_is_written_again_is_young_again(store, tmp_path):
    digest = store.keep(written(tmp_path, b"old"))
    make_old(store, digest, 90_000)
    store.keep(written(tmp_path, b"old"))
    assert store.collect_orphans(set()) == 0
    assert store.has(digest)


def test_another_suffix_is_another_store(tmp_path):
    parquet, packed = Store(tmp_path / "store"), Store(tmp_path / "store", suffix=".ndjson.gz")
    digest = packed.keep(written(tmp_path, b"hello"))
    assert packed.path(digest).name == f"{HELLO}.ndjson.gz"
    assert list(parquet.digests()) == []
    assert list(packed.digests()) == [HELLO]
