"""A file that a DCAT catalogue names (Turtle, RDF/XML, JSON-LD, N-Triples); pages that follow one another are read too.

The descriptions themselves are brought in by ``manage.py harvest``. RDF has no order, so that a distribution is told by
its title, format or address.
"""

from collections.abc import Iterator

from ingest.connectors import described_file, file
from ingest.connectors.delimited import Row
from ingest.connectors.rows import DelimitedFile
from ingest.http import Session

Config = described_file.Config


def read(config: Config, http: Session) -> Iterator[Row]:
    """Yield the records of the file."""
    return described_file.read_described(config, http, "dcat", file.read)


def hand_over(config: Config, http: Session) -> Iterator[Row | DelimitedFile]:
    """Yield what ``read`` yields, but files of delimited text whole."""
    return described_file.read_described(config, http, "dcat", file.hand_over)
