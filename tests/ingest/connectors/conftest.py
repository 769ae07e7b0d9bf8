"""Reads one file through the file connector, whatever its format."""

import pytest

from ingest.connectors.file import Config, read


@pytest.fixture
def read_bytes(open_session, tmp_path):
    """Return a function that writes a file and reads it through the connector."""

    def read_one(content, name="data.csv", **config):
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        session = open_session(file_roots=[tmp_path], limits={"size": 2**25})
        return list(read(Config(path=name, **config), session))

    return read_one
