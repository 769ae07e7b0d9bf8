"""Writes little XLS workbooks (BIFF8 in an OLE2 container), for no library at hand does."""

import struct

SECTOR = 512
FREE, END, FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD


def old_workbook(*sheets, counts_from_1904=False):
    """Return a workbook of sheets (name, is hidden, cells); a cell is (row, column, value) with a style or a formula.

    Values: text, number, ("date", serial), ("formula", number), ("merged", text, columns).
    """
    globals_ = bof(5) + record(0x42, struct.pack("<H", 1200)) + record(0x22, struct.pack("<H", counts_from_1904))
    globals_ += b"".join(
        record(0xE0, struct.pack("<HH", 0, number_format) + bytes(16)) for number_format in (0, 14, 22)
    )
    bodies = [sheet_of(cells) for _, _, cells in sheets]
    size = len(globals_) + sum(12 + 2 * len(name) for name, _, _ in sheets) + 4
    bounds, at = b"", size
    for (name, is_hidden, _), body in zip(sheets, bodies, strict=True):
        text = name.encode("utf-16-le")
        bounds += record(0x85, struct.pack("<IBBBB", at, is_hidden, 0, len(name), 1) + text)
        at += len(body)
    return container(globals_ + bounds + record(0x0A, b"") + b"".join(bodies))


def record(kind, content):
    return struct.pack("<HH", kind, len(content)) + content


def bof(kind):
    return record(0x809, struct.pack("<HHHHII", 0x0600, kind, 0, 1997, 0, 6))


def sheet_of(cells):
    last_row, last_column = (max((cell[axis] for cell in cells), default=-1) + 1 for axis in (0, 1))
    body = bof(0x10) + record(0x200, struct.pack("<IIHHH", 0, last_row, 0, last_column, 0))
    merged = b""
    for row, column, value in cells:
        match value:
            case ("merged", text, columns):
                body += label(row, column, text)
                merged += record(0xE5, struct.pack("<HHHHH", 1, row, row, column, column + columns - 1))
            case ("date", serial):
                body += record(0x203, struct.pack("<HHHd", row, column, 1, serial))
            case ("moment", serial):
                body += record(0x203, struct.pack("<HHHd", row, column, 2, serial))
            case ("formula", number):
                body += record(0x06, struct.pack("<HHHdHIH", row, column, 0, number, 0, 0, 3) + b"\x1e\x01\x00")
            case str():
                body += label(row, column, value)
            case _:
                body += record(0x203, struct.pack("<HHHd", row, column, 0, value))
    return body + merged + record(0x0A, b"")


def label(row, column, text):
    return record(0x204, struct.pack("<HHHHB", row, column, 0, len(text), 1) + text.encode("utf-16-le"))


def container(stream):
    """Wrap a stream called Workbook: a header, one sector of FAT, one of directory, then the stream."""
    stream = stream.ljust(4096, b"\0")
    sectors = -(-len(stream) // SECTOR)
    chain = [FAT, END, *range(3, sectors + 2), END]
    assert len(chain) <= SECTOR // 4, "one sector of FAT holds 62 KiB"
    header = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, END, 0, END, 0)
    header += struct.pack("<I", 0) + struct.pack("<I", FREE) * 108
    table = b"".join(struct.pack("<I", link) for link in chain).ljust(SECTOR, b"\xff")
    directory = entry("Root Entry", 5, 1, END, 0) + entry("Workbook", 2, FREE, 2, len(stream)) + bytes(256)
    return header + table + directory + stream.ljust(sectors * SECTOR, b"\0")


def entry(name, kind, child, start, size):
    text = (name + "\0").encode("utf-16-le")
    links = struct.pack("<III", FREE, FREE, child)
    return (
        text.ljust(64, b"\0")
        + struct.pack("<HBB", len(text), kind, 1)
        + links
        + bytes(36)
        + struct.pack("<IQ", start, size)
    )
