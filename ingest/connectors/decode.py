"""Which encoding a text file is in, decided by proof over the whole file and never by a guess from its beginning.

A byte order mark decides; then strict UTF-8; then strict CP949 (which holds EUC-KR); then the file is refused with the
place of its first bad byte. The label a server puts on a file counts for nothing. Memory stays flat.
"""

import codecs

from ingest.errors import BrokenOff, Text, UnreadableAnswer
from ingest.http import Answer

MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
CANDIDATES = ("utf-8", "cp949")
PIECE = 2**20
CUT = Text(ko="글자 하나의 중간에서 끝납니다", en="it ends inside a character")
NUL = Text(
    ko="{at}번째 바이트가 NUL입니다. 텍스트 파일이 아니거나 손상되었습니다.",
    en="byte {at} is a NUL; it is no text file, or a damaged one.",
)


def prove_encoding(answer: Answer, format: str, declared: str | None = None) -> str:
    """Return the one encoding in which every byte of the answer can be read; ``declared`` is then the only candidate."""
    with answer.path.open("rb") as file:
        head = file.read(4)
    marked = next((encoding for mark, encoding in MARKS if head.startswith(mark)), None)
    if marked and (declared is None or marked.startswith(codecs.lookup(declared).name)):
        candidates: tuple[str, ...] = (marked,)
    else:
        candidates = (declared,) if declared else CANDIDATES
    failures: list[tuple[str, int]] = []
    for encoding in candidates:
        bad = first_bad_byte(answer, format, encoding)
        if bad is None:
            return encoding
        failures.append((encoding.removesuffix("-sig").upper(), bad))
    if any(at == answer.size for _, at in failures):
        raise BrokenOff(address=answer.location, reason=CUT)
    raise UnreadableAnswer(
        address=answer.location,
        format=format,
        reason=Text(
            ko="글자 인코딩을 알 수 없습니다: " + ", ".join(f"{name} 아님({at:,}번째 바이트)" for name, at in failures),
            en="its encoding is unknown: " + ", ".join(f"not {name} (byte {at:,})" for name, at in failures),
        ),
    )


def first_bad_byte(answer: Answer, format: str, encoding: str) -> int | None:
    """Return the offset of the first byte that cannot be read in this encoding, or None; a NUL is no text at all.

    The offset is the size of the answer when nothing is wrong but that it ends inside a character.
    """
    decoder = codecs.getincrementaldecoder(encoding.removesuffix("-sig"))("strict")
    position = 0
    with answer.path.open("rb") as file:
        while True:
            piece = file.read(PIECE)
            waiting = len(decoder.getstate()[0])
            try:
                text = decoder.decode(piece, final=not piece)
            except UnicodeDecodeError as error:
                return position - waiting + error.start if piece else position
            if b"\0" in piece and "\0" in text:  # bytes are looked through a hundred times as fast as text
                at = position + max(0, piece.find(b"\0"))
                raise UnreadableAnswer(address=answer.location, format=format, reason=NUL.format(at=f"{at:,}"))
            if not piece:
                return None
            position += len(piece)
