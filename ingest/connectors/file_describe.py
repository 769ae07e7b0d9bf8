"""What a file says of itself: of a text file its encoding and header, of a Parquet file or a layer its schema.

A file at an address is checked by HEAD, which costs neither side anything; only a server that refuses it is asked for the file.
"""

import dataclasses
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from ingest.connectors import file, geopackage, parquet, shapefile
from ingest.connectors.delimited import hand_over_delimited
from ingest.connectors.described import Checked, Described, DescribedColumn, describe_by_reading
from ingest.connectors.file_format import Format
from ingest.connectors.places import Place, find_places
from ingest.foreign_tables import describe_foreign
from ingest.http import Answer, Session, is_web

Proven = tuple[Path, dict[str, str | None]]


def check(config: file.Config, http: Session, clock: Callable[[], float] = time.monotonic) -> Checked:
    """Prove that every file is there; nothing of it is read where the server answers a HEAD."""
    started = clock()
    size = sum(check_place(place, http) or 0 for place in find_places(config, http))
    return Checked(clock() - started, size=size or None)


def check_place(place: Place, http: Session) -> int | None:
    """Return the size of a file where it costs nothing to know."""
    if place.size is not None:
        return place.size
    if not is_web(place.location):
        return http.find_file(place.location).stat().st_size
    if http.probe(place.location, headers=place.headers("HEAD"))[0] >= 400:
        return http.fetch(place.location, headers=place.headers("GET")).size  # raises what the status means
    return None


def describe(config: file.Config, http: Session) -> Described:
    """Describe the first file; the others are to have the same columns."""
    one = config if isinstance(config.path, str) else config.model_copy(update={"path": config.path[0]})
    answer, format = next(file.fetch_files(one, http))
    if format in file.DELIMITERS:
        return describe_text(answer, one, format)
    if format in PROVEN:
        return describe_table(answer, one, format)

    def read(config: file.Config, http: Session) -> Iterator[file.Row]:
        return file.READERS[format].read(answer, config, http, 0)

    return dataclasses.replace(describe_by_reading(read, one, http), format=format)


def describe_text(answer: Answer, config: file.Config, format: Format) -> Described:
    delimiter = config.delimiter or file.DELIMITERS[format]
    table = hand_over_delimited(answer, config.layout, delimiter=delimiter, encoding=config.encoding)
    columns = tuple(map(DescribedColumn, table.names))
    return Described(columns=columns, format=format, encoding=table.encoding.removesuffix("-sig"))


def describe_table(answer: Answer, config: file.Config, format: Format) -> Described:
    path, options = PROVEN[format](answer, config)
    told = describe_foreign(answer, format, path, **options)
    return Described(
        columns=tuple(DescribedColumn(one["name"], one["type"]) for one in told["columns"]),
        rows=told["rows"],
        crs=told["crs"],
        format=format,
        encoding=options.get("encoding") or "",
    )


def prove_parquet(answer: Answer, config: file.Config) -> Proven:
    parquet.prove_whole(answer)
    return answer.path, {}


def prove_shapefile(answer: Answer, config: file.Config) -> Proven:
    shapefile.prove_whole(answer)
    return answer.path, {"encoding": shapefile.encoding_of(answer, config.encoding)}


def prove_geopackage(answer: Answer, config: file.Config) -> Proven:
    return geopackage.proven(answer), {"layer": config.layer}


# Formats that tell a schema of their own: each proves its file whole, and says where it is and what its reader is told.
PROVEN: Mapping[Format, Callable[[Answer, file.Config], Proven]] = {
    "parquet": prove_parquet,
    "shapefile": prove_shapefile,
    "geopackage": prove_geopackage,
}
