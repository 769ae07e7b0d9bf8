"""GeoJSON: a FeatureCollection (RFC 7946); records without a place have a null geometry."""

from collections.abc import Iterable, Iterator

import pyarrow as pa

from catalog.records.encode.json import json_objects, or_null
from catalog.records.encode.options import Options
from catalog.records.encode.shapes import WGS84, place_texts
from catalog.records.encode.texts import bytes_of, join_rows
from catalog.records.schema import Schema


def encode_geojson(batches: Iterable[pa.RecordBatch], schema: Schema, options: Options) -> Iterator[bytes]:
    place = schema.geometry.column if schema.geometry else ""
    head = separator = f'{{"type":"FeatureCollection",{crs_member(options.crs)}"features":['.encode()
    for batch in batches:
        if batch.num_rows:
            shape = or_null(place_texts(batch, schema))
            pieces = ['{"type":"Feature","geometry":', shape, ',"properties":']
            features = join_rows([*pieces, *json_objects(batch, schema, without=place), "},\n"])
            yield separator + bytes_of(features)[:-2]
            separator = b",\n"
    yield (head if separator is head else b"") + b"]}\n"


def crs_member(crs: str) -> str:
    """Name another system than WGS 84 as GeoJSON did before RFC 7946, which GDAL and QGIS still read."""
    if crs == WGS84:
        return ""
    authority, _, code = crs.partition(":")
    return f'"crs":{{"type":"name","properties":{{"name":"urn:ogc:def:crs:{authority}::{code}"}}}},'
