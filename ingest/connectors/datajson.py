"""A file that a data.json names, of any dialect of it (DCAT-US 1.1 and 3.0 among them).

The descriptions themselves are brought in by ``manage.py harvest``.
"""

from collections.abc import Iterator

from pydantic import Field

from ingest.connectors import described_file, file
from ingest.connectors.delimited import Row
from ingest.connectors.rows import DelimitedFile
from ingest.http import Session


class Config(described_file.Config, frozen=True, extra="forbid"):
    position: int | None = Field(None, ge=1, description="Place of the distribution in the dataset's list, from 1.")


def read(config: Config, http: Session) -> Iterator[Row]:
    """Yield the records of the file."""
    return described_file.read_described(config, http, "data-json", file.read, config.position)


def hand_over(config: Config, http: Session) -> Iterator[Row | DelimitedFile]:
    """Yield what ``read`` yields, but files of delimited text whole."""
    return described_file.read_described(config, http, "data-json", file.hand_over, config.position)
