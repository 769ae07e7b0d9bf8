"""What a catalogue says of the file that it names (``dcat.py``, ``datajson.py``), and what the file says of itself."""

import dataclasses
import time
from collections.abc import Callable

from ingest.connectors import datajson, file, file_describe
from ingest.connectors.described import Checked, Described, told_text
from ingest.connectors.described_file import Config, Form, choose, file_of
from ingest.errors import Text
from ingest.foreign_catalogues import find_files
from ingest.http import Session


def check(config: Config, http: Session, form: Form, clock: Callable[[], float] = time.monotonic) -> Checked:
    """Find the description and prove that its file is there."""
    started = clock()
    _, named = find_file(config, http, form)
    return dataclasses.replace(file_describe.check(named, http), seconds=clock() - started)


def describe(config: Config, http: Session, form: Form) -> Described:
    title, named = find_file(config, http, form)
    return dataclasses.replace(file_describe.describe(named, http), title=title)


def find_file(config: Config, http: Session, form: Form) -> tuple[Text, file.Config]:
    position = config.position if isinstance(config, datajson.Config) else None
    chosen = choose(config, find_files(http, form, config.url, config.dataset), position)
    return told_text(next(iter(chosen.titles), "")), file_of(config, chosen, http, form)
