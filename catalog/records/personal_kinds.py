"""What personal data looks like: a table of kinds, each with its pattern, its proof, its weight and its mask.

A pattern is read by the columnar engine's expressions as well as by Python's, so that a whole column is sifted fast; what
may stand around it (``before``, ``after``) and the proof only Python knows. Text is folded first: full-width digits, other
hyphens and other spaces count as the plain ones. Proofs and masks are in ``personal_proofs.py``, how columns are searched
in ``personal_data.py``.
"""

import re
from bisect import bisect
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from catalog.records.personal_proofs import (
    HIDDEN,
    Match,
    always,
    has_birth,
    is_account,
    is_both,
    is_card,
    is_corporation,
    is_licence,
    is_passport,
    is_plate,
    is_resident,
    is_young_resident,
    mask_mail,
    mask_phone,
    mask_plate,
    stars,
)
from catalog.text import Text

Weight = Literal["blocking", "warning", "public"]
# Circled and raised digits are not folded: they number things, and would hide the number that follows them.
FOLDED = (
    {0xFF01 + offset: chr(0x21 + offset) for offset in range(94)}
    | {0x1D7CE + offset: str(offset % 10) for offset in range(50)}
    | dict.fromkeys(map(ord, "‐‑‒–—―−⁃﹣ㅡー"), "-")
    | dict.fromkeys([0xA0, *range(0x2000, 0x200C), 0x202F, 0x3000, 0xFEFF], " ")
)
UNFOLDED = "[０-９＠．𝟎-𝟿‐-―−⁃﹣ㅡー\u00a0\u2000-\u200b\u202f\u3000\ufeff]"  # what matters of them, for the engine


@dataclass(frozen=True)
class Kind:
    """One kind of personal data; a ``public`` one is none, and keeps what it finds from being taken for another.

    ``sieve`` names the looser pattern by which the engine sifts. What is proven of no more than a share ``chance`` of what has the form
    is so by chance and only warned of. ``rival`` is the code of what the whole column holds when it holds more of that.
    """

    code: str
    title: Text
    weight: Weight
    pattern: str
    proof: Callable[[Match], bool]
    sieve: str
    before: str
    after: str
    mask: Callable[[str], str] = str
    chance: float = 0.0
    rival: str = ""


class Hit(NamedTuple):
    """A place of a text that has the form of a kind (``number`` in KINDS); only a proven one is of it."""

    start: int
    end: int
    number: int
    is_proven: bool
    folded: str

    @property
    def kind(self) -> Kind:
        return KINDS[self.number]

    @property
    def masked(self) -> str:
        return self.kind.mask(self.folded)


def fold(text: str) -> str:
    """Return the text with plain digits, hyphens and spaces, every character in its place."""
    return text if text.isascii() else text.translate(FOLDED)


def find_hits(text: str, numbers: Collection[int] | None = None, *, with_doubtful: bool = False) -> list[Hit]:
    """Return what has the form of personal data in a text, in its order; ``numbers`` of KINDS limits what is looked for.

    With the doubtful ones, what has the form of a blocking kind counts as proven.
    """
    folded = fold(text)
    found: list[Hit] = []
    taken: list[tuple[int, int]] = []  # by what is proven, in order
    for number in range(len(KINDS)) if numbers is None else numbers:
        kind = KINDS[number]
        for match in PATTERNS[number].finditer(folded):
            start, end = match.span()
            place = bisect(taken, (start, end))
            if any(start < last and first < end for first, last in taken[max(place - 1, 0) : place + 1]):
                continue
            is_proven = kind.proof(match) or (with_doubtful and kind.weight == "blocking")
            found.append(Hit(start, end, number, is_proven, match[0]))
            if is_proven:
                taken.insert(place, (start, end))
    return sorted(found)


def proven_hits(text: str, *, with_doubtful: bool = False) -> Iterator[Hit]:
    """Yield the personal data of a text, in its order."""
    hits = find_hits(text, with_doubtful=with_doubtful)
    return (hit for hit in hits if hit.is_proven and hit.kind.weight != "public")


def mask_text(text: str, *, with_doubtful: bool = False) -> str:
    """Return the text with all personal data in it masked; the rest stays as it is."""
    parts, last = [], 0
    for hit in proven_hits(text, with_doubtful=with_doubtful):
        parts += [text[last : hit.start], hit.masked]
        last = hit.end
    return "".join([*parts, text[last:]])


def mask_whole(text: str) -> str:
    """Return the mask of a value that is one number from end to end, else one that tells nothing of it."""
    text = text.strip()
    hits = list(proven_hits(text, with_doubtful=True))
    return hits[0].masked if [(hit.start, hit.end) for hit in hits] == [(0, len(text))] else HIDDEN


REGION = "서울|부산|대구|인천|광주|대전|울산|세종|경기|강원|충북|충남|전북|전남|경북|경남|제주"
# Legal letters without 바사아자, which buses, taxis and lorries have: vehicles of a public trade.
LETTER = "[가나다라마거너더러머버서어저고노도로모보소오조구누두루무부수우주하허호배국합육해공]"
PLATE = rf"(?:(?P<region>{REGION}) ?[0-9]{{1,2}}|[0-9]{{2,3}})(?P<gap> ?)(?P<letter>{LETTER})(?P<space> ?)[0-9]{{4}}"
COUNTED = r"(?! ?(?:[원번호명대개년월일시분초층동로길]|미터|[kcm]?m\b|㎡|%))"
# Names of mailboxes that belong to an office.
OFFICE = (
    r"(?!(?i:(?:web)?(?:master|admin|manager)|info|help|contact|support|service|office|mail|news|no-?reply|press|pr|cs|ask|"
    r"parking|park|library|tour|traffic|bus|subway|bike|center|centre|city|culture|museum|health|water|data|opendata)[0-9]*@)"
)
NO_FILE = r"(?<!\.png)(?<!\.jpg)(?<!\.gif)(?<!\.svg)(?<!\.css)(?<!\.jpeg)(?<!\.webp)(?<!\.html)(?![A-Za-z0-9-])"

NUMBER, NUMBER_END = r"(?<![0-9])(?<![0-9][.-])", r"(?![0-9])(?!-[0-9])"  # what follows a point are decimals
WORD, WORD_END = r"(?<![0-9A-Za-z_])(?<![0-9][.-])", r"(?![0-9A-Za-z_])(?![.-][0-9])"
BIRTH = r"[0-9] ?[0-9] ?[01] ?[0-9] ?[0-3] ?[0-9]"
MOBILE = r"(?:0|\+?82[ .-]?(?:\(0\)|0)?)1[016789]"
GAP = r"(?:[.)-] ?| -? ?)"

RESIDENT = Text(ko="주민등록번호", en="resident registration number")
FOREIGNER = Text(ko="외국인등록번호", en="foreigner registration number")
CORPORATION = Text(ko="법인등록번호", en="corporate registration number")
TELEPHONE = Text(ko="휴대전화번호", en="mobile telephone number")
LICENCE = Text(ko="운전면허번호", en="driver's licence number")
CARD = Text(ko="카드번호", en="payment card number")
PASSPORT = Text(ko="여권번호", en="passport number")
BORN, LAST_FOUR = stars(6), stars(4, 4)


# All kinds in one expression would take the engine three hundred times as long as these one after the other.
SIEVES: Mapping[str, str] = {
    "person": r"[0-9] ?[0-9] ?[01] ?[0-9] ?[0-3] ?[0-9][ -]{0,3}[1-8](?: ?[0-9]){6}",
    "phone": r"(?:0|82[ .-]?(?:\(0\)|0)?) ?1 ?[016789](?:[ .)-]{0,3}[0-9]){7}",
    "card": r"[3-69](?:[0-9][ -]?){13}[0-9]",
    "licence": r"[0-9]{2} ?- ?[0-9]{6} ?- ?[0-9]{2}",
    "account": r"(?:^|[^0-9-])[1-9][0-9]{1,5}-[0-9]{2,6}-[0-9]{3,7}",
    "passport": r"[MSRODG][0-9]{3}[0-9A-Z][0-9]{4}",
    "plate": rf"[0-9] ?{LETTER} ?[0-9]{{4}}",
    "mail": r"@[A-Za-z0-9]",
}
GATE = rf"(?:[0-9][ .)-]{{0,3}}){{8}}[0-9]|{SIEVES['mail']}|{SIEVES['plate']}|{SIEVES['passport']}"  # of them all


def row(
    code: str,
    title: Text,
    weight: Weight,
    sieve: str,
    pattern: str,
    proof: Callable[[Match], bool],
    *,
    is_word: bool = False,
    **more: Any,  # noqa: ANN401 (columns of ``Kind``)
) -> Kind:
    """Return a kind that stands apart from other digits, or as a word of its own."""
    around = {"before": WORD, "after": WORD_END} if is_word else {"before": NUMBER, "after": NUMBER_END}
    return Kind(code, title, weight, pattern, proof, sieve, **(around | more))


# What comes first keeps what it proves from those below. Residents' numbers of every birth may have been issued anew
# since October 2020 and then prove nothing: those of the children born since block, others without proof are warned of.
KINDS: tuple[Kind, ...] = (
    row("corporate-number", CORPORATION, "public", "person", r"[0-9]{6}-[0-9]{7}", is_corporation),
    row("resident-number", RESIDENT, "blocking", "person", rf"{BIRTH}[ -]{{1,3}}[1-4](?: ?[0-9]){{6}}", is_resident, mask=BORN),
    row("foreigner-number", FOREIGNER, "blocking", "person", rf"{BIRTH}[ -]{{1,3}}[5-8](?: ?[0-9]){{6}}", is_resident, mask=BORN),
    row("resident-number", RESIDENT, "blocking", "person", r"[0-9]{2}[01][0-9][0-3][0-9][1-4][0-9]{6}", is_resident,
        is_word=True, mask=BORN, chance=0.3),
    row("foreigner-number", FOREIGNER, "blocking", "person", r"[0-9]{2}[01][0-9][0-3][0-9][5-8][0-9]{6}", is_resident,
        is_word=True, mask=BORN, chance=0.3),
    row("resident-number", RESIDENT, "blocking", "person", r"[0-9]{2}[01][0-9][0-3][0-9] ?- ?[34][0-9]{6}", is_young_resident,
        mask=BORN),
    row("resident-number", RESIDENT, "blocking", "person", r"[0-9]{2}[01][0-9][0-3][0-9]-[1-8][0-9]{6}", is_both,
        mask=BORN, rival="corporate-number"),
    row("resident-number-form", Text(ko="주민등록번호 꼴의 번호", en="number of the form of a resident's"), "warning", "person",
        r"[0-9]{2}[01][0-9][0-3][0-9] ?- ?[1-8][0-9]{6}", has_birth, mask=BORN, rival="corporate-number"),
    row("mobile-number", TELEPHONE, "blocking", "phone", rf"{MOBILE}{GAP}[0-9]{{3,4}}{GAP}[0-9]{{4}}", always, mask=mask_phone),
    row("mobile-number", TELEPHONE, "blocking", "phone",
        r"0 1 [016789](?: ?- ?|  ?)[0-9](?: [0-9]){2,3}(?: ?- ?|  ?)[0-9](?: [0-9]){3}", always, mask=mask_phone),
    row("mobile-number", TELEPHONE, "blocking", "phone", r"(?:0|\+?82)10[1-9][0-9]{7}", always, is_word=True, mask=mask_phone),
    row("mobile-number", TELEPHONE, "blocking", "phone",
        rf"(?:0|\+?82[ .-]?(?:\(0\)|0)?)10{GAP}[1-9][0-9]{{7}}|010[1-9][0-9]{{3}}{GAP}[0-9]{{4}}", always, mask=mask_phone),
    row("mobile-number-form", Text(ko="휴대전화번호 꼴의 번호", en="number of the form of a mobile telephone's"), "warning", "phone",
        r"01[16789][2-9][0-9]{6,7}", always, is_word=True, mask=mask_phone),
    row("card-number", CARD, "blocking", "card", r"[3-69][0-9]{3}[ -][0-9]{4}[ -][0-9]{4}[ -][0-9]{4}", is_card,
        mask=LAST_FOUR, chance=0.3),
    row("card-number", CARD, "blocking", "card", r"3[47][0-9]{2}[ -]?[0-9]{6}[ -]?[0-9]{5}", is_card,
        is_word=True, mask=LAST_FOUR, chance=0.3),
    row("card-number", CARD, "blocking", "card", r"[3-69][0-9]{15}", is_card, is_word=True, mask=LAST_FOUR, chance=0.3),
    row("driving-licence", LICENCE, "blocking", "licence", r"[12][0-9] ?- ?[0-9]{2} ?- ?[0-9]{6} ?- ?[0-9]{2}", is_licence,
        mask=stars(2)),
    row("driving-licence", LICENCE, "blocking", "licence", rf"(?:{REGION}) ?[0-9]{{2}} ?- ?[0-9]{{6}} ?- ?[0-9]{{2}}", always,
        mask=stars(2)),
    row("passport-number", PASSPORT, "blocking", "passport", r"M[0-9]{3}[A-Z][0-9]{4}", always, is_word=True, mask=stars(1)),
    row("passport-number", PASSPORT, "blocking", "passport", r"[MSRODG][0-9]{8}", is_passport, is_word=True, mask=stars(1)),
    row("vehicle-plate", Text(ko="차량번호", en="vehicle registration number"), "blocking", "plate", PLATE, is_plate,
        mask=mask_plate, after=NUMBER_END + COUNTED),
    row("e-mail", Text(ko="전자우편 주소", en="e-mail address"), "blocking", "mail",
        r"[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,5}[A-Za-z]{2,24}", always,
        mask=mask_mail, before=r"(?<![A-Za-z0-9._%+-])" + OFFICE, after=NO_FILE),
    row("account-number-form", Text(ko="계좌번호 꼴의 번호", en="number of the form of a bank account's"), "warning", "account",
        r"[1-9][0-9]{1,5}-[0-9]{2,6}-[0-9]{3,7}", is_account, mask=stars(3)),
)  # fmt: skip
PATTERNS = tuple(re.compile(f"{kind.before}(?:{kind.pattern}){kind.after}") for kind in KINDS)
