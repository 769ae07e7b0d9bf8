"""Reads the boundaries of districts from a snapshot."""

import numpy as np
import shapely

from catalog.errors import BadSchema
from catalog.records.districts import Districts
from catalog.records.engine import Limits, connect, names_of
from catalog.records.layout import ROW
from catalog.records.manifest import Manifest, current_rows
from catalog.records.schema import Schema
from catalog.records.store import Store
from catalog.text import Text


def read_districts(manifest: Manifest, store: Store, limits: Limits) -> Districts:
    """Read the boundaries of a snapshot: a geometry column, the key as code, and a column ``name``."""
    code, name, shape = boundary_columns(manifest.schema)
    relation, parameters = current_rows(manifest, store)
    with connect((store.root,), limits) as cursor:
        statement = f"SELECT {names_of([code, name, shape])} FROM ({relation}) AS boundaries ORDER BY {ROW}"
        rows = cursor.sql(statement, params=parameters or None).to_arrow_table()
    shapes = shapely.from_wkb(np.array(rows.column(shape).to_pylist(), dtype=object))
    codes = tuple(map(str, rows.column(code).to_pylist()))
    names = tuple(None if one is None else str(one) for one in rows.column(name).to_pylist())
    return Districts(manifest.digest, codes, names, shapely.STRtree(shapes))


def boundary_columns(schema: Schema) -> tuple[str, str, str]:
    geometry = schema.geometry
    if geometry is None or geometry.is_point or len(schema.key) != 1 or "name" not in schema:
        raise BadSchema(
            where="boundaries",
            reason=Text(
                ko="경계 데이터셋에는 도형 열, 키 열 하나(코드)와 'name' 열이 있어야 합니다",
                en="boundaries need a geometry column, one key column (the code) and a column 'name'",
            ),
        )
    return schema.key[0], "name", geometry.column
