"""Districts: in which of the boundaries that the hub knows a place lies.

The boundaries are the records of one snapshot (``boundaries.py``), held in memory by every process that is asked for
districts.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pyarrow as pa
import shapely


@dataclass(frozen=True)
class Districts:
    """Boundaries with their codes and names, in the order of the records: of two that overlap the first one counts."""

    digest: str
    codes: tuple[str, ...]
    names: tuple[str | None, ...]
    tree: shapely.STRtree = field(repr=False, compare=False)

    known: ClassVar["Districts | None"] = None  # those that this process answers with

    def shapes_of(self, region: str) -> list[shapely.Geometry]:
        """Return the shapes of a region by the official code: of a municipality, its wards, or all of a province."""
        if region[2:5] in ("", "000"):
            return self._shapes_from(region[:2])
        found = self._shapes_from(region[:5])
        is_city = not found and region[4] == "0"  # perhaps one of which only the wards are known: 41111, 41113, …
        return self._shapes_from(region[:4]) if is_city else found

    def _shapes_from(self, start: str) -> list[shapely.Geometry]:
        return [shape for code, shape in zip(self.codes, self.tree.geometries, strict=True) if code.startswith(start)]

    def find(self, shapes: np.ndarray, labels: tuple[str | None, ...]) -> pa.Array:
        """Return the label of the district that each place meets, empty where there is none."""
        places, districts = self.tree.query(shapes, predicate="intersects")
        first = np.full(len(shapes), len(labels), np.int64)
        np.minimum.at(first, places, districts)
        return pa.array([*labels, None]).take(pa.array(first))


def district_names(shapes: np.ndarray) -> pa.Array:
    known = Districts.known
    return known.find(shapes, known.names)


def district_codes(shapes: np.ndarray) -> pa.Array:
    known = Districts.known
    return known.find(shapes, known.codes)


def codes_at(districts: Districts, places: Sequence[tuple[float | None, float | None]]) -> list[str | None]:
    """Return the code of the district that each place (longitude, latitude) lies in; None where there is none."""
    shapes = [shapely.Point(place) if None not in place else shapely.Point() for place in places]
    return districts.find(np.array(shapes, dtype=object), districts.codes).to_pylist() if shapes else []
