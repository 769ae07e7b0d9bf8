"""What a source of files is told: where they are, how one gets at them there, and how they are read.

Read by ``file.py``; ``places.py`` finds the files of ``sftp://`` and ``s3://`` paths.
"""

import codecs
from typing import Self
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, SecretStr, field_validator, model_validator

from ingest.connectors.cursor_values import parse_duration
from ingest.connectors.delimited import Layout
from ingest.connectors.file_format import Format
from ingest.connectors.s3 import parse_path
from ingest.sftp import parse_location
from ingest.sftp_keys import fingerprint_of

# Settings that mean something to one kind of place only.
OF_PLACES = {
    "sftp": ("host_key", "password", "private_key", "settle", "marker"),
    "s3": ("endpoint", "region", "path_style", "access_key", "secret_key"),
}
PARSERS = {"sftp": parse_location, "s3": parse_path}


class Config(BaseModel, frozen=True, extra="forbid"):
    path: str | list[str] = Field(
        description="A path under the hub's file roots, or an address: http(s)://, sftp://user@host/path, s3://bucket/key; "
        "several are read one after another. In the last part of an sftp or s3 address * stands for anything: all "
        "files of such names."
    )
    format: Format | None = Field(
        None,
        description="Of the file, or of the one in the ZIP; told by content, extension or content type when omitted.",
    )
    member: str | None = Field(
        None,
        min_length=1,
        description="ZIP: name or pattern (*.csv) of the one file to read, if it is not the only one.",
    )
    encoding: str | None = Field(
        None, description="CSV, TSV, shapefile (DBF): the encoding; proven over the whole file when omitted."
    )
    delimiter: str | None = Field(None, min_length=1, max_length=1, description="CSV, TSV: comma or tab when omitted.")
    header_rows: int = Field(1, ge=0, le=20, description="CSV, TSV, workbooks: how many rows the header has.")
    header: list[str] | None = Field(
        None, min_length=1, description="CSV, TSV, workbooks: names of all columns, instead of those in the file."
    )
    records: str | None = Field(
        None,
        min_length=1,
        description="JSON, XML: dotted path to the records (body.items; for XML from the root element on: root.Row).",
    )
    sheet: str | None = Field(None, description="Workbooks: the sheet's name; the first visible one when omitted.")
    layer: str | None = Field(None, description="GeoPackage: the layer's name; needed when there are several.")
    crs: str | None = Field(
        None,
        min_length=1,
        description="Shapefile, GeoPackage, Parquet: the coordinate system (EPSG:5174), instead of what the file says; "
        "places come out in WGS 84.",
    )
    newest: bool = Field(False, description="SFTP, S3: of the files that * means, only the one changed last.")
    host_key: str | None = Field(
        None,
        min_length=1,
        description="SFTP: the key that the server is known by, as a fingerprint (SHA256:…) or its line of known_hosts; "
        "without it the check tells which key the server shows.",
    )
    password: SecretStr | None = Field(None, min_length=1, description="SFTP: the user's password.")
    private_key: SecretStr | None = Field(
        None, min_length=1, description="SFTP: the user's private key, its whole text, without a passphrase."
    )
    settle: str = Field(
        "5s", description="SFTP: for how long size and time of a file must stay the same before it is read; 0s: none."
    )
    marker: str | None = Field(
        None,
        min_length=1,
        max_length=100,
        description="SFTP: the ending of another file that shows that a file is whole (.done: lots.csv.done or lots.done), "
        "instead of settle.",
    )
    endpoint: str | None = Field(
        None, description="S3: address of a store other than AWS, as https://kr.object.ncloudstorage.com."
    )
    region: str = Field(
        "us-east-1", pattern=r"^[A-Za-z0-9_-]+$", description="S3: the store's region; AWS in Seoul: ap-northeast-2."
    )
    path_style: bool | None = Field(
        None,
        description="S3: whether the bucket is the first part of the path instead of the host's name; yes when omitted with "
        "endpoint, no without.",
    )
    access_key: str | None = Field(
        None,
        pattern=r"^[!-+\--~]+$",
        description="S3: the access key's identifier; without it the request is anonymous.",
    )
    secret_key: SecretStr | None = Field(None, min_length=1, description="S3: the secret of the access key.")

    @field_validator("path")
    @classmethod
    def has_a_path(cls, path: str | list[str]) -> str | list[str]:
        if not path or not all([path] if isinstance(path, str) else path):
            raise ValueError("give at least one path or address")
        return path

    @field_validator("host_key")
    @classmethod
    def is_a_host_key(cls, host_key: str | None) -> str | None:
        if host_key is not None:
            fingerprint_of(host_key)
        return host_key

    @field_validator("settle")
    @classmethod
    def is_a_length_of_time(cls, settle: str) -> str:
        if parse_duration("settle", settle).total_seconds() > 60:
            raise ValueError("settle: a minute (60s) at most; a marker is surer")
        return settle

    @field_validator("marker")
    @classmethod
    def is_an_ending(cls, marker: str | None) -> str | None:
        if marker is not None and ("/" in marker or "*" in marker):
            raise ValueError("give the ending of the marker's name, as .done")
        return marker

    @field_validator("endpoint")
    @classmethod
    def is_a_store(cls, endpoint: str | None) -> str | None:
        if endpoint is not None:
            parts = urlsplit(endpoint)
            if (
                parts.scheme not in ("http", "https")
                or not parts.hostname
                or parts.path.strip("/")
                or set("?#@") & {*endpoint}
            ):
                raise ValueError("give the address of the store alone: https://host or https://host:port")
        return endpoint

    @field_validator("encoding")
    @classmethod
    def knows_the_encoding(cls, encoding: str | None) -> str | None:
        try:
            return encoding and codecs.lookup(encoding).name
        except LookupError as error:
            raise ValueError(f"unknown encoding '{encoding}'; usual ones: utf-8, cp949") from error

    @model_validator(mode="after")
    def has_names(self) -> Self:
        if self.header_rows == 0 and self.header is None:
            raise ValueError("header_rows = 0 needs the names of the columns in header")
        if self.header is not None and ("" in self.header or len(set(self.header)) < len(self.header)):
            raise ValueError("the names in header must differ, and none may be empty")
        return self

    @model_validator(mode="after")
    def fits_its_places(self) -> Self:
        """Refuse what would be ignored without a word, and addresses that no place can be found by."""
        for scheme, settings in OF_PLACES.items():
            here = [path for path in self.paths if is_in(scheme, path)]
            given = sorted(
                name for name in settings if name in self.model_fields_set and getattr(self, name) is not None
            )
            if given and not here:
                raise ValueError(f"{', '.join(given)}: meant for {scheme}:// addresses only")
            for path in here:
                PARSERS[scheme](path)
        if self.newest and not any("*" in path and takes_wildcards(path) for path in self.paths):
            raise ValueError("newest needs an sftp:// or s3:// address with * in its last part")
        return self

    @model_validator(mode="after")
    def can_log_in(self) -> Self:
        servers = {
            (place.host, place.port, place.user)
            for place in (parse_location(path) for path in self.paths if is_in("sftp", path))
        }
        if len(servers) > 1:
            raise ValueError("all sftp:// addresses of a source name the same server and user")
        if servers and self.password is None and self.private_key is None:
            raise ValueError("sftp:// needs password or private_key")
        if (self.access_key is None) is not (self.secret_key is None):
            raise ValueError("access_key and secret_key belong together")
        return self

    @property
    def paths(self) -> list[str]:
        return [self.path] if isinstance(self.path, str) else self.path

    @property
    def layout(self) -> Layout:
        return Layout(self.header_rows, None if self.header is None else tuple(self.header))


def is_in(scheme: str, path: str) -> bool:
    return path[: len(scheme) + 3].lower() == f"{scheme}://"


def takes_wildcards(path: str) -> bool:
    """Say whether * in this path means several files."""
    return any(is_in(scheme, path) for scheme in OF_PLACES)
