"""Tables that other programs made (Parquet, shapefile, GeoPackage), read into JSON lines by a process of their own.

Run as ``python -m``: what a hostile file does to the libraries, it does to this process, which has little memory and
little time. A line begins with ``R`` (a row), ``P`` (a problem in both languages) or ``E`` (the end, and how many rows
there were); without an ``E`` nothing counts. Shapes come out as GeoJSON in WGS 84, under ``geometry``.
"""

import base64
import resource
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa
import pyogrio
import pyogrio.raw
import pyproj
import shapely
from pyarrow import parquet
from pyproj.exceptions import CRSError

from catalog.records.places import to_wgs84
from catalog.text import Text

MEMORY = 2**30  # beyond what the libraries take to start with
SECONDS = 600
AT_ONCE = 1_000
WGS84 = frozenset({"EPSG:4326", "OGC:CRS84"})
KOREAN_1985 = ("5174", "5173", "5175", "5176", "5177", "5178", "2097", "2096", "2098")
WORLDWIDE = frozenset({"GRS 1980", "WGS 84", "GRS80", "WGS84"})  # ellipsoids whose datums differ by less than a metre
DRIVERS: Mapping[str, str] = {"shapefile": "ESRI Shapefile", "geopackage": "GPKG"}

NO_CRS = Text(
    ko="좌표계가 적혀 있지 않습니다. crs에 적으십시오(예: EPSG:5174, EPSG:5186).",
    en="it does not say its coordinate system; give it in crs (as EPSG:5174, EPSG:5186).",
)
UNKNOWN_CRS = Text(
    ko="좌표계 '{crs}'의 측지계를 알 수 없어 위치를 바꿀 수 없습니다. crs에 EPSG 번호를 적으십시오.",
    en="the datum of its coordinate system '{crs}' is unknown, so places cannot be moved; give an EPSG number in crs.",
)
NO_LAYER = Text(ko="레이어를 layer에 적으십시오. 있는 것: {layers}", en="name one layer in layer; there are: {layers}")
OTHER_FORMAT = Text(ko="실제 형식은 {driver}입니다.", en="what it really is: {driver}.")
TWO_GEOMETRIES = Text(
    ko="'geometry'라는 속성이 도형 말고 또 있습니다.", en="a property beside the shape is called 'geometry'."
)
BAD_TEXT = Text(
    ko="{row}번째 레코드의 '{field}'은(는) {encoding}이(가) 아닙니다. encoding에 바른 인코딩을 적으십시오.",
    en="'{field}' of record {row} is not {encoding}; give the right one in encoding.",
)
BAD_SHAPE = Text(ko="도형을 읽을 수 없습니다 ({message}).", en="a shape cannot be read ({message}).")


class Problem(Exception):
    """The file is not what it should be; ``what`` says why, in both languages."""

    def __init__(self, what: Text, *, of_setup: str = "") -> None:
        self.what = what
        self.of_setup = of_setup
        super().__init__(what.en)


def main() -> None:
    """Read the file that the first argument describes as JSON and write its rows to standard output."""
    job = orjson.loads(sys.argv[1])
    limit_itself()
    readers = DESCRIBERS if job.pop("about", "") == "schema" else READERS
    read, out, count = readers[job.pop("format")], sys.stdout.buffer, 0
    try:
        for rows in read(**job):
            out.write(b"".join(b"R%b\n" % orjson.dumps(row, default=as_value) for row in rows))
            count += len(rows)
    except BrokenPipeError:
        sys.exit(1)
    except Problem as problem:
        tell(problem.what, problem.of_setup)
    except (pa.ArrowException, pyogrio.errors.DataSourceError, ValueError, OSError, RuntimeError) as error:
        told = " ".join(str(error).replace(str(Path(job["path"]).parent), "").split())[:300]
        tell(Text(ko=told, en=told))
    else:
        out.write(b"E%d\n" % count)
    out.flush()


def limit_itself() -> None:
    """Take no more memory than the libraries took so far and ``MEMORY``, and no more time than ``SECONDS``."""
    pa.set_memory_pool(pa.system_memory_pool())
    pa.set_cpu_count(1)
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(FileNotFoundError):  # a machine without /proc has no such limit either
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        allowed = pages * resource.getpagesize() + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (allowed, allowed))


def tell(what: Text, of_setup: str = "") -> None:
    sys.stdout.buffer.write(b"P%b\n" % orjson.dumps({"ko": what.ko, "en": what.en, "of_setup": of_setup}))


def as_value(value: object) -> object:
    """Return what JSON has no word for: decimals as they are written, bytes in base 64, spans in seconds."""
    match value:
        case Decimal():
            return str(value)
        case bytes():
            return base64.b64encode(value).decode()
        case timedelta():
            return value.total_seconds()
    raise TypeError


def read_parquet(path: str, crs: str | None = None) -> Iterator[list[dict[str, object]]]:
    """Yield a Parquet file's rows; the first column of shapes of a GeoParquet file becomes ``geometry``."""
    with parquet.ParquetFile(path) as file:
        geo = orjson.loads((file.schema_arrow.metadata or {}).get(b"geo", b"{}"))
        shape = str(geo.get("primary_column", "")) if isinstance(geo, dict) else ""
        system: str | pyproj.CRS | None = None
        if shape:
            told = geo["columns"][shape].get("crs", "OGC:CRS84")
            system = system_of(crs or (orjson.dumps(told).decode() if isinstance(told, dict) else told))
            if shape != "geometry" and "geometry" in file.schema_arrow.names:
                raise Problem(TWO_GEOMETRIES)
        for batch in file.iter_batches(batch_size=AT_ONCE, use_threads=False):
            rows = rows_of(batch)
            yield with_shapes(rows, shape, system) if shape else rows


def read_layer(
    path: str, format: str, layer: str | None = None, crs: str | None = None, encoding: str | None = None
) -> Iterator[list[dict[str, object]]]:
    """Yield the features of a shapefile or of one layer of a GeoPackage.

    A shapefile's texts come as bytes (in Latin-1) and are decoded here, strictly.
    """
    pyogrio.set_gdal_config_options({"OGR_CT_FORCE_TRADITIONAL_GIS_ORDER": "YES", "SHAPE_ENCODING": ""})
    if format == "geopackage":
        layer = layer_of(path, layer)
    about = pyogrio.read_info(path, layer=layer, encoding="ISO-8859-1" if encoding else None)
    if about["driver"] != DRIVERS[format]:
        raise Problem(OTHER_FORMAT.format(driver=about["driver"]))
    has_shapes = about["geometry_type"] is not None
    system = system_of(crs or about["crs"]) if has_shapes else None
    decoded = (lambda text, row, field: decode(text, encoding, row, field)) if encoding else None
    names = {name: decoded(name, 0, name) if decoded else name for name in map(str, about["fields"])}
    if has_shapes and "geometry" in names.values():
        raise Problem(TWO_GEOMETRIES)
    before = 0
    with pyogrio.raw.open_arrow(
        path,
        layer=layer,
        encoding="ISO-8859-1" if encoding else None,
        use_pyarrow=True,
        batch_size=AT_ONCE,
        datetime_as_string=True,
    ) as (meta, batches):
        shape = meta["geometry_name"] or "wkb_geometry"
        for batch in batches:
            rows = rows_of(batch)
            if decoded:
                rows = [
                    {
                        names.get(name, name): decoded(value, number, name) if isinstance(value, str) else value
                        for name, value in row.items()
                    }
                    for number, row in enumerate(rows, start=before + 1)
                ]
            before += len(rows)
            yield with_shapes(rows, shape, system) if has_shapes else rows


def describe_parquet(path: str, crs: str | None = None) -> Iterator[list[dict[str, object]]]:
    """Yield one row: what the file says of its columns (``type`` as the hub names it), its rows and its system."""
    with parquet.ParquetFile(path) as file:
        geo = orjson.loads((file.schema_arrow.metadata or {}).get(b"geo", b"{}"))
        shape = str(geo.get("primary_column", "")) if isinstance(geo, dict) else ""
        columns = [
            {"name": field.name, "type": next((name for name, fits in ARROW_TYPES if fits(field.type)), "")}
            for field in file.schema_arrow
            if field.name != shape
        ]
        if shape:
            columns.append({"name": "geometry", "type": "geometry"})
        yield [{"columns": columns, "rows": file.metadata.num_rows, "crs": "EPSG:4326" if shape else ""}]


def describe_layer(
    path: str, format: str, layer: str | None = None, crs: str | None = None, encoding: str | None = None
) -> Iterator[list[dict[str, object]]]:
    """Yield one row: what a layer says of its fields, how many features it has, and the system they come out in."""
    layer = layer_of(path, layer) if format == "geopackage" else None
    about = pyogrio.read_info(path, layer=layer, encoding="ISO-8859-1" if encoding else None)
    names = [decode(name, encoding, 0, name) if encoding else name for name in map(str, about["fields"])]
    kinds = zip(map(str, about["dtypes"]), map(str, about.get("ogr_types", about["dtypes"])), strict=True)
    columns = [
        {"name": name, "type": next((ours for form, ours in LAYER_TYPES.items() if form in f"{kind} {ogr}"), "")}
        for name, (kind, ogr) in zip(names, kinds, strict=True)
    ]
    has_shapes = about["geometry_type"] is not None
    if has_shapes:
        columns.append({"name": "geometry", "type": "geometry"})
    rows = about["features"] if about["features"] >= 0 else None
    yield [{"columns": columns, "rows": rows, "crs": "EPSG:4326" if has_shapes else ""}]


ARROW_TYPES: Sequence[tuple[str, Callable[[pa.DataType], bool]]] = (
    ("integer", pa.types.is_integer),
    ("number", pa.types.is_floating),
    ("number", pa.types.is_decimal),
    ("boolean", pa.types.is_boolean),
    ("date", pa.types.is_date),
    ("datetime", pa.types.is_timestamp),
    ("time", pa.types.is_time),
)
# The first that fits; texts (object) say nothing, as any value may be written as one.
LAYER_TYPES: Mapping[str, str] = {
    "OFTDateTime": "datetime",
    "OFTDate": "date",
    "OFTTime": "time",
    "datetime64[D]": "date",
    "datetime64": "datetime",
    "bool": "boolean",
    "int": "integer",
    "float": "number",
}


def layer_of(path: str, layer: str | None) -> str:
    """Return the layer that is meant: the one named, or the only one."""
    layers = [str(name) for name, _ in pyogrio.list_layers(path)]
    if layer not in layers and (layer is not None or len(layers) != 1):
        raise Problem(NO_LAYER.format(layers=", ".join(layers) or "-"), of_setup="layer")
    return layer or layers[0]


def rows_of(batch: pa.RecordBatch) -> list[dict[str, object]]:
    """Return the rows as dictionaries; moments finer than a microsecond lose what is finer."""
    for position, field in enumerate(batch.schema):
        if pa.types.is_timestamp(field.type) and field.type.unit == "ns":
            fine = pa.timestamp("us", field.type.tz)
            batch = batch.set_column(position, field.name, batch.column(position).cast(fine, safe=False))
    names, columns = batch.schema.names, map(values_of, batch.columns)
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def values_of(column: pa.Array) -> list[object]:
    """Return a column's values; texts and numbers several times as fast as ``to_pylist``, which looks at each."""
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return column.to_numpy(zero_copy_only=False).tolist()
    if not (pa.types.is_integer(column.type) or pa.types.is_float32(column.type) or pa.types.is_float64(column.type)):
        return column.to_pylist()
    values = column.fill_null(0).to_numpy(zero_copy_only=False).tolist()
    if not column.null_count:
        return values
    are_told = column.is_valid().to_numpy(zero_copy_only=False).tolist()
    return [value if is_told else None for value, is_told in zip(values, are_told, strict=True)]


def decode(text: str, encoding: str, row: int, field: str) -> str:
    """Decode bytes that came as Latin-1; half a character at the end is what dBASE cut off, and is dropped."""
    if text.isascii():
        return text
    content = text.encode("latin-1")
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        if error.start < len(content) - 3 or (
            "unexpected end" not in error.reason and "incomplete" not in error.reason
        ):
            raise Problem(BAD_TEXT.format(row=row, field=field, encoding=encoding.upper())) from error
        return content[: error.start].decode(encoding)


def with_shapes(rows: list[dict[str, object]], name: str, system: str | pyproj.CRS | None) -> list[dict[str, object]]:
    """Replace the shape of each row, in WKB, by ``geometry`` in WGS 84."""
    try:
        shapes = shapely.from_wkb(np.array([row.pop(name, None) for row in rows] + [None], dtype=object))[:-1]
    except shapely.errors.GEOSException as error:
        raise Problem(BAD_SHAPE.format(message=str(error))) from error
    shapes = np.where(shapely.has_m(shapes), shapely.force_2d(shapes), shapes)
    if system is not None:
        shapes = shapely.transform(
            shapes,
            lambda points: np.column_stack([*to_wgs84(points[:, 0], points[:, 1], system), points[:, 2:]]),
            include_z=bool(shapely.has_z(shapes).any()),
        )
    for row, shape in zip(rows, shapely.to_geojson(shapes), strict=True):
        row["geometry"] = None if shape is None else orjson.Fragment(shape)
    return rows


def system_of(told: str | None) -> str | pyproj.CRS | None:
    """Return the coordinate system to move from, or None for WGS 84 itself.

    Korean files on the Bessel ellipsoid name no datum that could be shifted, and are then 360 m off: they are known by
    the numbers of their projection.
    """
    if not told:
        raise Problem(NO_CRS, of_setup="crs")
    if told in WGS84:
        return None
    try:
        crs = pyproj.CRS.from_user_input(told)
    except CRSError as error:
        raise Problem(UNKNOWN_CRS.format(crs=told[:80]), of_setup="crs") from error
    authority = crs.to_authority(min_confidence=90)
    if authority:
        return None if ":".join(authority) in WGS84 else ":".join(authority)
    if crs.is_bound:
        return crs
    if crs.ellipsoid and crs.ellipsoid.name.startswith("Bessel"):
        for code in KOREAN_1985:
            if projection_of(pyproj.CRS.from_epsg(code)) == projection_of(crs) != ():
                return f"EPSG:{code}"
    if crs.ellipsoid and crs.ellipsoid.name in WORLDWIDE:
        return crs
    raise Problem(UNKNOWN_CRS.format(crs=crs.name), of_setup="crs")


def projection_of(crs: pyproj.CRS) -> Sequence[float]:
    operation = crs.coordinate_operation
    return () if operation is None else sorted(round(parameter.value, 6) for parameter in operation.params)


READERS: Mapping[str, Callable[..., Iterator[list[dict[str, object]]]]] = {
    "parquet": read_parquet,
    "shapefile": partial(read_layer, format="shapefile"),
    "geopackage": partial(read_layer, format="geopackage"),
}
DESCRIBERS: Mapping[str, Callable[..., Iterator[list[dict[str, object]]]]] = {
    "parquet": describe_parquet,
    "shapefile": partial(describe_layer, format="shapefile"),
    "geopackage": partial(describe_layer, format="geopackage"),
}

if __name__ == "__main__":
    main()
