"""The rows of an index on disk: each column in one piece, as it lies in memory, so that every row of it is found by its position.

A column is a file of values, one more of letters where it holds texts (the values are then the places where they begin),
and one of bits where values are missing. They are written batch by batch and mapped when read.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.ipc

SCHEMA = "columns.arrow"
WIDTHS: Mapping[pa.DataType, type] = {pa.int64(): np.int64, pa.float64(): np.float64, pa.date32(): np.int32}
MOST_LETTERS = 2**31 - 1  # from here on the places in a column of texts are numbers of 64 bits


def width_of(kind: pa.DataType) -> type | None:
    """Return the type of a column's numbers, None of columns that hold something else."""
    return np.int64 if pa.types.is_timestamp(kind) and kind.unit == "us" else WIDTHS.get(kind)


def write_columns(folder: Path, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> int:
    """Write the columns of batches and return how many rows they have."""
    writers = [ColumnWriter(folder, number, field.type) for number, field in enumerate(schema)]
    rows = 0
    for batch in batches:
        for writer, column in zip(writers, batch.columns, strict=True):
            writer.write(column)
        rows += batch.num_rows
    kinds = [writer.close() for writer in writers]
    fields = [field.with_type(kind) for field, kind in zip(schema, kinds, strict=True)]
    (folder / SCHEMA).write_bytes(pa.schema(fields).serialize())
    return rows


class ColumnWriter:
    """Writes one column, piece by piece."""

    def __init__(self, folder: Path, number: int, kind: pa.DataType) -> None:
        self.kind, self.rows, self.missing = kind, 0, 0
        self.paths = paths_of(folder, number)
        self.values, self.letters, self.known = (path.open("wb") for path in self.paths)
        self.has_letters = pa.types.is_string(kind) or pa.types.is_binary(kind)
        self.size = 0  # of all letters
        if self.has_letters:
            self.values.write(np.zeros(1, np.int64))

    def write(self, column: pa.Array) -> None:
        self.rows += len(column)
        self.missing += column.null_count
        self.known.write(column.is_valid().to_numpy(zero_copy_only=False).astype(np.uint8))
        if self.has_letters:
            _, ends, letters = column.buffers()
            places = np.frombuffer(ends, np.int32)[column.offset : column.offset + len(column) + 1].astype(np.int64)
            if len(column):
                self.values.write(places[1:] - places[0] + self.size)
                self.size += int(places[-1] - places[0])
            if letters is not None and len(column):
                self.letters.write(memoryview(letters)[places[0] : places[-1]])
        elif pa.types.is_boolean(self.kind):
            self.values.write(column.fill_null(False).to_numpy(zero_copy_only=False).astype(np.uint8))
        else:
            width = width_of(self.kind)
            if width is None:
                raise TypeError(f"no columns of {self.kind}")
            numbers = np.frombuffer(column.buffers()[1], width)[column.offset : column.offset + len(column)]
            self.values.write(numbers)

    def close(self) -> pa.DataType:
        """Finish the files and return the type that they are read as."""
        for file in (self.values, self.letters, self.known):
            file.close()
        values, letters, known = self.paths
        if not self.has_letters:
            letters.unlink()
        if self.missing:
            known.write_bytes(packed(np.fromfile(known, np.uint8)))
        else:
            known.unlink()
        if pa.types.is_boolean(self.kind):
            values.write_bytes(packed(np.fromfile(values, np.uint8)))
        if not self.has_letters:
            return self.kind
        if self.size <= MOST_LETTERS:
            np.fromfile(values, np.int64).astype(np.int32).tofile(values)
            return self.kind
        return pa.large_string() if pa.types.is_string(self.kind) else pa.large_binary()


def packed(flags: np.ndarray) -> bytes:
    """Return bits as Arrow has them, least significant first."""
    return np.packbits(flags, bitorder="little").tobytes()


def open_columns(folder: Path, rows: int) -> pa.RecordBatch:
    """Return all rows, mapped."""
    schema = pa.ipc.read_schema(pa.BufferReader((folder / SCHEMA).read_bytes()))
    arrays = [open_column(folder, number, field.type, rows) for number, field in enumerate(schema)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def open_column(folder: Path, number: int, kind: pa.DataType, rows: int) -> pa.Array:
    """Return a mapped column; a file that is too short is a ValueError, as nobody looks at its end later."""
    values, letters, known = paths_of(folder, number)
    buffers = [mapped_buffer(known, -(-rows // 8)) if known.exists() else None]
    if pa.types.is_boolean(kind):
        buffers.append(mapped_buffer(values, -(-rows // 8)))
    elif width := width_of(kind):
        buffers.append(mapped_buffer(values, rows * np.dtype(width).itemsize))
    else:
        width = np.int64 if pa.types.is_large_string(kind) or pa.types.is_large_binary(kind) else np.int32
        places = mapped_buffer(values, (rows + 1) * np.dtype(width).itemsize)
        buffers += [places, mapped_buffer(letters, int(np.frombuffer(places, width)[rows]))]
    return pa.Array.from_buffers(kind, rows, buffers)


def paths_of(folder: Path, number: int) -> tuple[Path, Path, Path]:
    """Return where a column's values, letters and bits lie."""
    values, letters, known = (folder / f"column-{number}.{part}" for part in ("values", "letters", "known"))
    return values, letters, known


def mapped_buffer(path: Path, size: int) -> pa.Buffer:
    if path.stat().st_size != size:
        raise ValueError(f"{path.name} has {path.stat().st_size:,} bytes instead of {size:,}")
    if not size:  # nothing cannot be mapped
        return pa.py_buffer(b"")
    with pa.memory_map(str(path)) as file:
        return file.read_buffer()
