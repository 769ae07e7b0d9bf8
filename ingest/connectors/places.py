"""Where the files of a source are: each path of its configuration as one place or, where it has a wildcard, as several.

Web addresses and local paths are places themselves; ``s3://`` becomes signed web addresses (``s3.py``), ``sftp://`` goes
through a door of the session (``ingest/sftp.py``), which also says whether a file there is whole.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson

from ingest.connectors import s3
from ingest.connectors.cursor_values import parse_duration
from ingest.connectors.file_config import Config, is_in
from ingest.http import Answer, Session
from ingest.sftp import LIST, Login, SftpDoor, parse_location


def ask_plainly(method: str = "GET") -> dict[str, str]:
    """Return no headers."""
    return {}


@dataclass(frozen=True)
class Place:
    """One file: what it is called, where it is fetched and with which headers, and its size where that is known."""

    path: str
    location: str
    headers: Callable[..., Mapping[str, str]] = ask_plainly
    size: int | None = None
    modified: str = ""


def find_places(config: Config, http: Session) -> list[Place]:
    """Return the places of all files meant, in the order of the paths, and of their names where a path means several."""
    open_doors(config, http)
    return [place for path in config.paths for place in places_of(path, config, http)]


def open_doors(config: Config, http: Session) -> None:
    """Lend the session what it needs to log in, and its secrets to be masked."""
    for secret in (config.password, config.private_key, config.secret_key):
        if secret is not None:
            http.keep_secret(secret.get_secret_value())
    first = next((path for path in config.paths if is_in("sftp", path)), None)
    if first is None:
        return
    place = parse_location(first)
    login = Login(
        host=place.host,
        port=place.port,
        user=place.user,
        host_key=config.host_key,
        password=config.password and config.password.get_secret_value(),
        private_key=config.private_key and config.private_key.get_secret_value(),
    )
    settle = parse_duration("settle", config.settle).total_seconds()
    http.open_door("sftp", SftpDoor(login, settle=settle, marker=config.marker))


def places_of(path: str, config: Config, http: Session) -> Sequence[Place]:
    if is_in("sftp", path):
        return chosen(config, path, sftp_places(path, http))
    if is_in("s3", path):
        return chosen(config, path, s3_places(path, config, http))
    return [Place(path, path)]


def chosen(config: Config, path: str, places: Iterator[Place]) -> list[Place]:
    """Return the places, or the newest of them; of those that are equally new the last by name."""
    found = list(places)
    return [max(found, key=lambda place: (place.modified, place.path))] if config.newest and "*" in path else found


def sftp_places(path: str, http: Session) -> Iterator[Place]:
    folder = path.rpartition("/")[0]
    for entry in http.read(f"{path}?{LIST}", read_list):
        location = f"{folder}/{entry['name']}"
        yield Place(location, location, size=entry["size"], modified=f"{entry['modified']:020}")


def read_list(answer: Answer) -> list[dict[str, Any]]:
    return orjson.loads(answer.read_bytes())


def s3_places(path: str, config: Config, http: Session) -> Iterator[Place]:
    store = s3.Store(
        endpoint=config.endpoint,
        region=config.region,
        path_style=config.path_style,
        access_key=config.access_key,
        secret_key=config.secret_key and config.secret_key.get_secret_value(),
    )
    bucket, pattern = s3.parse_path(path)
    listed = s3.list_objects(http, store, bucket, pattern) if "*" in pattern else [s3.Listed(pattern, -1, "")]
    for one in listed:
        url = s3.object_url(store, bucket, one.key)
        signed = partial(s3.sign, url=url, store=store)
        yield Place(f"s3://{bucket}/{one.key}", url, signed, None if one.size < 0 else one.size, one.modified)
