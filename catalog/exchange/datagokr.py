"""The catalogue columns of data.go.kr (목록개방현황), in and out: rows as dicts, files as CSV and XLSX.

``COLUMNS`` has one row per column of the portal: which field of the profile it is, and how the portal writes its values.
A row is a dataset; its forms ("JSON+XML") become one distribution each. Texts are read as Korean, whatever their letters, for
the portal is; keywords in Latin letters count as English. "-" says nothing. What a description knows and the portal has no
word for is written as the nearest the portal has: an interval of ten minutes as 실시간.
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

import xlsxwriter

from catalog.exchange.cells import Cell, cells_of
from catalog.exchange.days import read_day, read_moment, seoul_time
from catalog.exchange.entry import Catalogue, Description, Entry, Finding, make_slug
from catalog.exchange.sheets import Source, find_header, plain, read_sheets, write_csv
from catalog.standard import Class, Kind
from catalog.standard.vocabularies import find_by_mapping, find_code, vocabulary
from catalog.text import Text

FORM = "data.go.kr"
MAPPING = "datagokr"
NOTHING = "-"
NEEDED = ("목록명", "제공기관")  # no list of the portal is without them
HANGUL = re.compile(r"[ㄱ-ㆎ가-힣]")
Row = Mapping[str, str]


@dataclass(frozen=True)
class Way:
    """How the portal writes a value, and how that is read; reading raises ValueError when it cannot."""

    write: Callable[[Any], str]
    read: Callable[[str], Any]


@dataclass(frozen=True)
class Column:
    """A column of the portal: whose field it is (dataset, distribution, organisation or contact), and how it is written."""

    name: str
    owner: str
    field: str
    way: Way


def code(name: str) -> Way:
    return Way(lambda value: word_of(name, value), lambda text: read_code(name, text))


def word_of(name: str, value: str) -> str:
    """Return the portal's first word for a code, else the Korean label."""
    concept = vocabulary(name)[value]
    words = concept.names_in(MAPPING)
    return words[0] if words else concept.label.ko


def read_code(name: str, text: str) -> str:
    found = find_by_mapping(name, MAPPING, text) or find_code(name, text)
    if found is None:
        raise ValueError(text)
    return found


def write_format(value: str) -> str:
    return next(iter(vocabulary("file_type")[value].names_in(MAPPING)), value)


def write_frequency(value: str) -> str:
    """Return the portal's word for an interval, or that for the interval nearest to it."""
    concept = vocabulary("frequency")[value]
    if words := concept.names_in(MAPPING):
        return words[0]
    if concept.days is None:
        return NOTHING
    spoken = [other for other in vocabulary("frequency").values() if other.days and other.names_in(MAPPING)]
    return min(spoken, key=lambda other: abs(math.log(other.days / concept.days))).names_in(MAPPING)[0]


def read_number(text: str) -> int:
    number = float(text.replace(",", ""))
    if number < 0 or not number.is_integer():
        raise ValueError(text)
    return int(number)


def read_choice(choices: Mapping[str, bool]) -> Callable[[str], bool]:
    def read(text: str) -> bool:
        if text.upper() not in choices:
            raise ValueError(text)
        return choices[text.upper()]

    return read


def read_with(reader: Callable[[str], str | None]) -> Callable[[str], str]:
    def read(text: str) -> str:
        if (value := reader(text)) is None:
            raise ValueError(text)
        return value

    return read


def write_moment(value: str) -> str:
    """Write a day as it is, and a time as Korean time without its offset, as the portal does."""
    return value if len(value) == len("YYYY-MM-DD") else seoul_time(value).strftime("%Y-%m-%d %H:%M:%S")


def write_keywords(value: Mapping[str, list[str]]) -> str:
    """Join keywords by commas; a comma inside one becomes the full-width comma, which is no divider."""
    return ",".join(word.replace(",", "，") for language in ("ko", "en") for word in value.get(language, ()))


def read_keywords(text: str) -> dict[str, list[str]]:
    """Read keywords joined by commas, or by ``@`` as older dumps have them."""
    divider = "@" if "@" in text and "," not in text else ","
    words: dict[str, list[str]] = {}
    for word in text.split(divider):
        if spoken := word.strip().replace("，", ","):
            words.setdefault("ko" if HANGUL.search(spoken) else "en", []).append(spoken)
    return words


TEXT = Way(lambda value: value.get("ko") or value.get("en", ""), lambda text: {"ko": text})
STRING = Way(str, str)
NUMBER = Way(str, read_number)
FIRST = Way(lambda values: values[0], lambda text: [text])
DAY = Way(str, read_with(read_day))
MOMENT = Way(write_moment, read_with(read_moment))
FREQUENCY = Way(write_frequency, code("frequency").read)
KEYWORDS = Way(write_keywords, read_keywords)
YES_OR_NO = Way(lambda value: "Y" if value else "N", read_choice({"Y": True, "N": False, "예": True, "아니오": False}))
CHARGED = Way(
    lambda value: "유료" if value else "무료", read_choice({"유료": True, "무료": False, "Y": True, "N": False})
)

COLUMNS: tuple[Column, ...] = (
    Column("목록키", "dataset", "identifiers", FIRST),
    Column("목록유형", "dataset", "listing_type", code("listing_type")),
    Column("목록명", "dataset", "title", TEXT),
    Column("파일데이터명", "distribution", "title", TEXT),
    Column("분류체계", "dataset", "classification", STRING),
    Column("제공기관코드", "organisation", "code", STRING),
    Column("제공기관", "organisation", "name", TEXT),
    Column("관리 부서명", "contact", "name", TEXT),
    Column("관리부서 전화번호", "contact", "phone", STRING),
    Column("보유근거", "dataset", "legal_basis", TEXT),
    Column("수집방법", "dataset", "collection_method", TEXT),
    Column("업데이트 주기", "dataset", "frequency", FREQUENCY),
    Column("차기 등록 예정일", "dataset", "next_update", DAY),
    Column("매체유형", "distribution", "media", STRING),
    Column("전체행", "dataset", "record_count", NUMBER),
    Column("확장자", "distribution", "format", Way(write_format, code("file_type").read)),
    Column("키워드", "dataset", "keywords", KEYWORDS),
    Column("다운로드_활용신청건수", "dataset", "uses", NUMBER),
    Column("등록일", "dataset", "issued", MOMENT),
    Column("수정일", "dataset", "modified", MOMENT),
    Column("데이터 한계", "dataset", "limitations", TEXT),
    Column("제공형태", "distribution", "provision", STRING),
    Column("설명", "dataset", "description", TEXT),
    Column("기타 유의사항", "dataset", "usage_notes", TEXT),
    Column("공간범위", "dataset", "spatial_text", TEXT),
    Column("시간범위", "dataset", "temporal_text", TEXT),
    Column("비용부과유무", "dataset", "is_charged", CHARGED),
    Column("비용부과기준 및 단위", "dataset", "charge_basis", TEXT),
    Column("이용허락범위", "dataset", "licence", code("licence")),
    Column("API 유형", "distribution", "api_type", code("api_type")),
    Column("신청가능 트래픽", "distribution", "quota", STRING),
    Column("심의 유형", "distribution", "approval", code("approval")),
    Column("조회수", "dataset", "views", NUMBER),
    Column("목록 URL", "dataset", "landing_page", STRING),
    Column("국가중점여부", "dataset", "is_national_core", YES_OR_NO),
    Column("표준데이터여부", "dataset", "is_standard_data", YES_OR_NO),
)
NAMES = tuple(column.name for column in COLUMNS)
BY_HEAD: Mapping[str, Column] = {plain(column.name): column for column in COLUMNS}
FORMAT = BY_HEAD[plain("확장자")]
# Where nothing is said, "-" is a word of these vocabularies.
SAYS_NOTHING_ITSELF = frozenset({"frequency", "licence"})


# Written


def to_datagokr(catalogue: Catalogue) -> Iterator[dict[str, str]]:
    """Yield one row per dataset, with every column of the portal."""
    for entry in catalogue.datasets:
        organisation = catalogue.organisations.get(entry.description.get("organisation", ""), {})
        yield write_row(entry, organisation, catalogue.dataset_uri(entry.slug))


def write_row(entry: Entry, organisation: Description, page: str) -> dict[str, str]:
    description = entry.description
    distributions = description.get("distributions", ())
    owners: Mapping[str, Description] = {
        "dataset": {
            "listing_type": listing_type(description),
            "classification": classification(description),
            "landing_page": page,
            "identifiers": [entry.identifier or entry.slug],
            **description,
        },
        "distribution": merge(distributions),
        "organisation": organisation,
        "contact": description.get("contact_point", {}),
    }
    row = {column.name: write_cell(column, owners[column.owner]) for column in COLUMNS}
    formats = dict.fromkeys(FORMAT.way.write(each["format"]) for each in distributions if each.get("format"))
    return row | {FORMAT.name: "+".join(formats)}


def write_cell(column: Column, owner: Description) -> str:
    value = owner.get(column.field)
    return column.way.write(value) if value not in (None, "", [], {}) else ""


def merge(distributions: Iterable[Description]) -> Description:
    """Return what the distributions say together: of each field, what the first that tells it says."""
    merged: dict[str, Any] = {}
    for distribution in distributions:
        merged = dict(distribution) | merged
    return merged


def listing_type(description: Description) -> str:
    """Return the type of list: standard data, an API, or else a file."""
    if description.get("is_standard_data"):
        return "STD"
    return "API" if any(each.get("api_type") for each in description.get("distributions", ())) else "FILE"


def classification(description: Description) -> str:
    """Return the portal's first level for the theme, where no category is given."""
    theme = description.get("theme")
    words = vocabulary("theme")[theme].names_in(MAPPING) if theme in vocabulary("theme") else ()
    return words[0] if words else ""


def write_datagokr_csv(catalogue: Catalogue, encoding: str = "utf-8-sig") -> Iterator[bytes]:
    """Yield the rows as a CSV file; ``encoding`` may be ``cp949``, which lacks some characters (written as ``?``)."""
    yield from write_csv(rows_with_heads(catalogue), encoding)


def rows_with_heads(catalogue: Catalogue) -> Iterator[list[str]]:
    yield list(NAMES)
    for row in to_datagokr(catalogue):
        yield list(row.values())


def write_datagokr_xlsx(catalogue: Catalogue, file: BinaryIO) -> None:
    """Write the rows as a workbook, every cell a text, so that no key or code loses a digit."""
    with xlsxwriter.Workbook(file, {"constant_memory": True, "strings_to_formulas": False}) as book:
        sheet = book.add_worksheet("목록개방현황")
        sheet.freeze_panes(1, 0)
        for number, row in enumerate(rows_with_heads(catalogue)):
            for position, cell in enumerate(row):
                sheet.write_string(number, position, cell)


# Read


def from_datagokr(rows: Iterable[Row], *, base: str = "") -> Catalogue:
    """Read rows of the portal; what cannot be read of a row is a finding, and the rest of it stays."""
    entries: list[Entry] = []
    organisations: dict[str, Description] = {}
    findings: list[Finding] = []
    for number, row in enumerate(rows, 1):
        told = {BY_HEAD[plain(head)].name: text for head, text in row.items() if plain(head) in BY_HEAD}
        where = f"{told.get('목록키') or number}"
        findings += [unknown(where, head) for head, text in row.items() if head and text and plain(head) not in BY_HEAD]
        owners, found = read_row(told, where)
        findings += found
        entry = make_entry(owners, told, number)
        if slug := entry.description.get("organisation"):
            organisations[slug] = organisations.get(slug, {}) | owners["organisation"]
        entries.append(entry)
    return Catalogue(base, {}, entries, organisations, findings=tuple(findings), total=len(entries))


def read_row(row: Row, where: str) -> tuple[dict[str, dict[str, Any]], list[Finding]]:
    """Return what a row says of each owner, and what of it could not be read."""
    owners: dict[str, dict[str, Any]] = {"dataset": {}, "distribution": {}, "organisation": {}, "contact": {}}
    findings = []
    for column in COLUMNS:
        text = row.get(column.name, "").strip()
        if not text or (text == NOTHING and column.field not in SAYS_NOTHING_ITSELF):
            continue
        if column is FORMAT:
            findings += [unreadable(where, column.name, each) for each in split(text) if not read_format(each)]
            continue
        try:
            owners[column.owner][column.field] = column.way.read(text)
        except ValueError:
            findings.append(unreadable(where, column.name, text))
    return owners, findings


def make_entry(owners: Mapping[str, dict[str, Any]], row: Row, number: int) -> Entry:
    dataset, organisation = owners["dataset"], owners["organisation"]
    key = dataset.get("identifiers", [""])[0]
    title = dataset.get("title", {}).get("ko", "")
    if organisation.get("name") or organisation.get("code"):
        name = organisation.get("name", {}).get("ko", "")
        dataset["organisation"] = make_slug(name, organisation.get("code", name))
    if owners["contact"]:
        dataset["contact_point"] = owners["contact"]
    dataset.setdefault("licence", "unknown")
    dataset["access_level"] = "public"
    dataset["theme"] = theme_of(dataset.get("classification", ""))
    if distributions := list(read_distributions(owners["distribution"], row.get(FORMAT.name, ""), dataset)):
        dataset["distributions"] = distributions
    slug = make_slug(f"datagokr-{key}", key) if key else make_slug("", f"{row.get('제공기관', '')} {title} {number}")
    return Entry(slug, dataset.get("landing_page", ""), dataset, identifier=key or slug, document=dict(row))


def read_distributions(told: Mapping[str, Any], formats: str, dataset: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a distribution per format. All are had through the page of the list, the only address that the portal gives."""
    page = {"access_url": dataset["landing_page"]} if "landing_page" in dataset else {}
    known = list(filter(None, map(read_format, split(formats))))
    for each in known:
        yield {**told, **page, "format": each}
    if not known and told:
        yield {**told, **page}


def split(formats: str) -> list[str]:
    return [each for each in re.split(r"[+,/]", formats) if each.strip() and each.strip() != NOTHING]


def read_format(text: str) -> str | None:
    return find_by_mapping("file_type", MAPPING, text) or find_code("file_type", text)


def theme_of(category: str) -> str:
    first = category.split(" - ")[0].strip()
    return find_by_mapping("theme", MAPPING, first) or "administration" if first else "administration"


def read_datagokr_file(source: Source, *, base: str = "") -> Catalogue:
    """Read a CSV (UTF-8 or CP949) or XLSX file of the portal; the first sheet with its heads counts."""
    for sheet in read_sheets(source, FORM):
        rows = iter(sheet.rows)
        heads = find_header(rows, NEEDED, FORM)
        return from_datagokr((dict(zip(heads, row, strict=False)) for row in rows if any(row)), base=base)
    return Catalogue(base)


def unspoken_paths(entry: Entry) -> list[tuple[str, ...]]:
    """Return the ways in a description that an entry's row says nothing about: no column, or Korean alone.

    Distributions, the theme and the access level are told too roughly to take the place of what is known already.
    """
    heads = {plain(head) for head in entry.document}
    spoken = {(column.field,) for column in COLUMNS if column.owner == "dataset" and plain(column.name) in heads}
    spoken |= {
        ("contact_point", column.field)
        for column in COLUMNS
        if column.owner == "contact" and plain(column.name) in heads
    }
    spoken |= {("organisation",)} if plain("제공기관") in heads else set()
    return [cell.path for cell in cells_of(Class.DATASET) if not is_spoken(cell, spoken)]


def is_spoken(cell: Cell, spoken: set[tuple[str, ...]]) -> bool:
    depth = 2 if cell.path[0] == "contact_point" else 1
    return cell.path[:depth] in spoken and not (cell.path[-1] == "en" and cell.field.kind is Kind.TEXT)


def unknown(where: str, head: str) -> Finding:
    return Finding(where, Text(ko=f"알 수 없는 열 '{head}'", en=f"unknown column '{head}'"))


def unreadable(where: str, head: str, text: str) -> Finding:
    return Finding(
        where,
        Text(ko=f"'{head}'의 값 '{text}'을(를) 읽을 수 없습니다", en=f"the value '{text}' of '{head}' cannot be read"),
    )
