"""Parquet files, GeoParquet among them: proven whole by the mark at both ends, then read row group by row group."""

from collections.abc import Generator

from ingest.errors import BrokenOff, Text, UnreadableAnswer
from ingest.foreign_tables import read_foreign
from ingest.http import Answer

MAGIC = b"PAR1"
NOT_PARQUET = Text(ko="Parquet 파일이 아닙니다.", en="it is no Parquet file.")
CUT = Text(ko="Parquet 파일의 끝 표시가 없습니다", en="the mark at the end of a Parquet file is missing")


def read_parquet(answer: Answer, *, crs: str | None = None, before: int = 0) -> Generator[dict[str, object], None, int]:
    """Yield the rows; shapes of a GeoParquet file come as ``geometry``."""
    prove_whole(answer)
    for row in read_foreign(answer, "parquet", answer.path, crs=crs):
        before += 1
        yield row
    return before


def prove_whole(answer: Answer) -> None:
    with answer.path.open("rb") as file:
        head = file.read(4)
        file.seek(max(0, answer.size - 4))
        tail = file.read()
    if head != MAGIC:
        raise UnreadableAnswer(address=answer.location, format="Parquet", reason=NOT_PARQUET)
    if tail != MAGIC or answer.size < 12:
        raise BrokenOff(address=answer.location, reason=CUT)
