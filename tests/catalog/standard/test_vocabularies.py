"""The vocabularies: every code is whole, every name leads to it, and the lists of others are told as they are."""

import itertools
import re
from pathlib import Path

import pytest

from catalog.errors import VocabularyNotFound
from catalog.standard.tables import SHIPPED
from catalog.standard.vocabularies import (
    find_by_mapping,
    find_by_uri,
    find_code,
    label_of,
    scheme_label,
    scheme_uri,
    vocabulary,
    vocabulary_names,
)

NAMES = vocabulary_names()
CONFORMANCE = Path(__file__).parents[4] / "shared" / "conformance"
EU = "http://publications.europa.eu/resource/authority"
MEANT = pytest.mark.skipif(not CONFORMANCE.exists(), reason="the vocabularies of others are not here (../shared)")
URI = re.compile(r"(https?|urn):[^\s<>\"{}|\\^`]+\Z")

# Codes of the EU's frequency list that came after the copies in ../shared (catalogue-peers 2.2).
NEWER_FREQUENCIES = set(
    "1MIN 5MIN 10MIN 15MIN 30MIN 12HRS DAILY_3 WEEKLY_5 AS_NEEDED NOT_PLANNED".split()  # noqa: SIM905
)
# File types that came after the copy in ../shared; MQA's own list knows them.
NEWER_FILE_TYPES = {"EFORMS_XML", "GTFS", "MOV", "WEBP", "WMTS_SRVC", "YAML"}
EVERY_FREQUENCY = {
    "CONT",
    "UPDATE_CONT",
    "1MIN",
    "5MIN",
    "10MIN",
    "15MIN",
    "30MIN",
    "HOURLY",
    "BIHOURLY",
    "TRIHOURLY",
    "12HRS",
    "DAILY",
    "DAILY_2",
    "DAILY_3",
    "WEEKLY",
    "WEEKLY_2",
    "WEEKLY_3",
    "WEEKLY_5",
    "BIWEEKLY",
    "MONTHLY",
    "MONTHLY_2",
    "MONTHLY_3",
    "BIMONTHLY",
    "QUARTERLY",
    "ANNUAL",
    "ANNUAL_2",
    "ANNUAL_3",
    "BIENNIAL",
    "TRIENNIAL",
    "QUADRENNIAL",
    "QUINQUENNIAL",
    "DECENNIAL",
    "BIDECENNIAL",
    "TRIDECENNIAL",
    "AS_NEEDED",
    "IRREG",
    "NEVER",
    "NOT_PLANNED",
    "OTHER",
    "UNKNOWN",
    "OP_DATPRO",
}


@pytest.mark.parametrize("name", NAMES)
def test_every_concept_is_whole(name: str) -> None:
    assert vocabulary(name)
    assert scheme_label(name).ko
    assert scheme_label(name).en
    assert URI.match(scheme_uri(name))
    for code, concept in vocabulary(name).items():
        assert concept.code == code
        assert concept.label.ko.strip()
        assert concept.label.en.strip()
        assert URI.match(concept.uri), concept
        assert URI.match(concept.scheme), concept
        assert concept.path.startswith(f"/standard/1.0/vocabularies/{name}/")


@pytest.mark.parametrize("table", sorted(SHIPPED.glob("*.csv")), ids=lambda path: path.stem)
def test_every_table_is_listed_and_no_code_stands_twice(table: Path) -> None:
    if table.stem == "index":
        return
    assert table.stem in NAMES
    lines = [line.split(",")[0] for line in table.read_text(encoding="utf-8").splitlines()[1:]]
    assert len(lines) == len(set(lines)) == len(vocabulary(table.stem))


@pytest.mark.parametrize("name", NAMES)
def test_every_concept_is_found_by_its_own_addresses(name: str) -> None:
    for concept in vocabulary(name).values():
        assert find_by_uri(name, f"https://another.hub{concept.path}") == concept.code
        assert vocabulary(name)[str(find_by_uri(name, concept.uri))].uri == concept.uri


@pytest.mark.parametrize("name", NAMES)
def test_other_uris_are_uris_and_lead_to_one_code(name: str) -> None:
    seen: dict[str, str] = {}
    for concept in vocabulary(name).values():
        for uri in concept.names_in("also") if name != "media_type" else ():
            assert "://" in uri or uri.startswith("urn:") or ":" in uri, uri
            assert seen.setdefault(uri, concept.code) == concept.code, uri


def test_an_unknown_vocabulary_is_refused_with_the_names_that_exist() -> None:
    with pytest.raises(VocabularyNotFound, match="theme"):
        vocabulary("colours")


@pytest.mark.parametrize(
    ("name", "said", "code"),
    [
        ("licence", "http://creativecommons.org/licenses/by/4.0", "cc-by-4.0"),
        ("licence", "https://creativecommons.org/licenses/by/4.0/", "cc-by-4.0"),
        ("licence", "http://publications.europa.eu/resource/authority/licence/CC_BY_4_0", "cc-by-4.0"),
        ("licence", "http://dcat-ap.de/def/licenses/dl-zero-de/2.0", "dl-de-zero-2.0"),
        ("licence", "http://opendatacommons.org/licenses/odbl/summary/", "odbl-1.0"),
        ("licence", "http://www.usa.gov/publicdomain/label/1.0/", "us-pd"),
        ("licence", "Open Data Commons Open Database License 1.0", "odbl-1.0"),
        ("licence", "공공누리 제1유형", "kogl-1"),
        ("licence", "공공저작물_출처표시", "kogl-1"),
        ("licence", "이용허락범위 제한 없음", "unrestricted"),
        ("licence", "CC BY-NC-ND", "cc-by-nc-nd-4.0"),
        ("licence", "notspecified", "unknown"),
        ("licence", "our own terms", None),
        ("licence", "true", None),
        ("frequency", "수시", "irregular"),
        ("frequency", "http://publications.europa.eu/resource/authority/frequency/10MIN", "every-10-minutes"),
        ("frequency", "R/P1Y", "annual"),
        ("frequency", "http://purl.org/cld/freq/monthly", "monthly"),
        ("file_type", "csv", "CSV"),
        ("file_type", "jpg", "JPEG"),
        ("file_type", "Shapefile", "SHP"),
        ("file_type", "tar.gz", "TAR_GZ"),
        ("file_type", "hwp", "HWP"),
        ("media_type", "application/vnd.geo+json", "application/geo+json"),
        ("media_type", "http://www.iana.org/assignments/media-types/text/csv", "text/csv"),
        ("language", "ko", "KOR"),
        ("language", "http://publications.europa.eu/resource/authority/language/GER", "DEU"),
        ("crs", "urn:ogc:def:crs:EPSG::5186", "EPSG:5186"),
        ("crs", "5181", "EPSG:5181"),
        ("theme", "교통물류", "transport"),
        ("theme", "http://publications.europa.eu/resource/authority/data-theme/EDUC", "education"),
        ("publisher_type", "http://purl.org/adms/publishertype/PrivateIndividual(s)", "PrivateIndividual(s)"),
        ("linked_service", "119UC001", "119-emergency-dispatch"),
        ("access_level", "http://publications.europa.eu/resource/authority/access-right/SENSITIVE", "restricted"),
        ("data_model", "OffStreetParking", "off-street-parking"),
    ],
)
def test_whatever_documents_say_leads_to_a_code(name: str, said: str, code: str | None) -> None:
    assert find_code(name, said) == code


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("실시간", "continuous"),
        ("일간", "daily"),
        ("주간", "weekly"),
        ("월간", "monthly"),
        ("분기", "quarterly"),
        ("반기", "biannual"),
        ("연간", "annual"),
        ("수시", "irregular"),
        ("수시(1회성 데이터)", "one-off"),
        ("-", "unknown"),
    ],
)
def test_every_update_cycle_of_data_go_kr_has_a_code(said: str, code: str) -> None:
    assert find_by_mapping("frequency", "datagokr", said) == code
    assert said in vocabulary("frequency")[code].names_in("datagokr")


def test_every_frequency_of_the_eu_can_be_said() -> None:
    assert {concept.mappings["eu_code"] for concept in vocabulary("frequency").values()} == EVERY_FREQUENCY


def test_the_promised_intervals_grow_down_the_list() -> None:
    days = [concept.days for concept in vocabulary("frequency").values() if concept.days]
    continuous, streaming, *regular = days
    assert continuous == streaming == 0.01
    assert regular == sorted(regular)
    assert vocabulary("frequency")["every-10-minutes"].days == pytest.approx(10 / 1440, abs=1e-6)


def test_the_seven_themes_of_the_marketplace_are_known() -> None:
    for said in ("안전", "환경", "생활/복지", "문화", "에너지", "교통", "행정"):
        assert find_by_mapping("theme", "keti", said)


def test_an_eu_theme_and_its_urban_theme_point_at_each_other() -> None:
    for concept in vocabulary("eu_theme").values():
        if theme := concept.mappings.get("theme"):
            assert vocabulary("theme")[theme].mappings["eu_code"] == concept.code
            assert find_by_uri("theme", concept.uri) == theme
    for concept in vocabulary("theme").values():
        assert vocabulary("eu_theme")[concept.mappings["eu_code"]].uri == concept.uri


@pytest.mark.parametrize(
    ("code", "is_open", "commercial", "derivatives", "attribution"),
    [
        ("kogl-0", "true", "true", "true", "false"),
        ("kogl-1", "true", "true", "true", "true"),
        ("kogl-2", "false", "false", "true", "true"),
        ("kogl-3", "false", "true", "false", "true"),
        ("kogl-4", "false", "false", "false", "true"),
        ("kogl-4-ai", "false", "false", "false", "true"),
        ("cc-by-nc-nd-4.0", "false", "false", "false", "true"),
        ("cc0-1.0", "true", "true", "true", "false"),
    ],
)
def test_a_licence_says_what_it_allows(
    code: str, is_open: str, commercial: str, derivatives: str, attribution: str
) -> None:
    told = vocabulary("licence")[code].mappings
    assert [told[name] for name in ("is_open", "commercial", "derivatives", "attribution")] == [
        is_open,
        commercial,
        derivatives,
        attribution,
    ]


def test_an_ai_type_frees_training_and_nothing_else() -> None:
    for number in "1234":
        plain, freed = (vocabulary("licence")[code].mappings for code in (f"kogl-{number}", f"kogl-{number}-ai"))
        assert freed["ai_training"] == "true"
        assert {name: plain[name] for name in ("is_open", "commercial", "derivatives")} == {
            name: freed[name] for name in ("is_open", "commercial", "derivatives")
        }


@pytest.mark.parametrize(
    ("name", "column", "target"),
    [
        ("licence", "near", "licence"),
        ("licence", "licence_type", "licence_type"),
        ("theme", "eu_code", "eu_theme"),
        ("media_type", "file_type", "file_type"),
        ("file_type", "media_type", "media_type"),
    ],
)
def test_mappings_between_our_vocabularies_resolve(name: str, column: str, target: str) -> None:
    for concept in vocabulary(name).values():
        for code in concept.mappings.get(column, "").split():
            assert code in vocabulary(target), concept


def test_the_quality_bands_leave_no_gap() -> None:
    bands = sorted(
        (int(concept.mappings["min"]), int(concept.mappings["max"])) for concept in vocabulary("quality_band").values()
    )
    assert bands[0][0] == 0
    assert bands[-1][1] == 405
    assert all(below[1] + 1 == above[0] for below, above in itertools.pairwise(bands))


def test_an_unlisted_code_shows_itself() -> None:
    assert label_of("theme", "colour").ko == "colour"


def local_names(path: str) -> set[str]:
    text = (CONFORMANCE / path).read_text(encoding="utf-8")
    return set(re.findall(rf"{EU}/[a-z-]+/([A-Za-z0-9_]+)", text))


@MEANT
@pytest.mark.parametrize(
    ("name", "files", "newer"),
    [
        ("eu_theme", ["vocab/eu/datatheme.rdf"], set()),
        ("frequency", ["vocab/eu/frequency.rdf", "vocab/eu/frequency-2019-32.ttl"], NEWER_FREQUENCIES),
        ("file_type", ["vocab/eu/file-type.rdf"], NEWER_FILE_TYPES),
        ("language", ["vocab/eu/language.rdf"], set()),
        ("distribution_status", ["vocab/eu/distribution-status.rdf"], set()),
        ("access_level", ["vocab/eu/access-right.rdf", "vocab/csv/access-right.csv"], set()),
    ],
)
def test_every_eu_code_that_we_use_exists(name: str, files: list[str], newer: set[str]) -> None:
    known = set().union(*(local_names(file) for file in files)) | newer
    ours = {concept.uri.rpartition("/")[2] for concept in vocabulary(name).values() if concept.uri.startswith(EU)}
    assert ours <= known


@MEANT
@pytest.mark.parametrize(
    ("name", "file", "pattern"),
    [
        ("eu_theme", "vocab/eu/datatheme.rdf", rf'skos:Concept rdf:about="({EU}/data-theme/\w+)"'),
        ("file_type", "vocab/eu/file-type.rdf", rf'rdf:about="({EU}/file-type/\w+)"'),
        ("licence_type", "vocab/eu/licence-type.rdf", r'rdf:about="(http://purl.org/adms/licencetype/[A-Z][^"]+)"'),
        ("publisher_type", "vocab/eu/publisher-type.rdf", r'rdf:about="(http://purl.org/adms/publishertype/[A-Z][^"]+)"'),
    ],
)  # fmt: skip
def test_nothing_of_these_lists_is_missing(name: str, file: str, pattern: str) -> None:
    theirs = set(re.findall(pattern, (CONFORMANCE / file).read_text(encoding="utf-8")))
    assert len(theirs) >= 11
    assert theirs <= {concept.uri for concept in vocabulary(name).values()}


@MEANT
def test_every_licence_of_the_eu_that_we_name_exists() -> None:
    known = local_names("vocab/csv/licenses.csv")
    named = {
        concept.mappings["eu"].rpartition("/")[2]
        for concept in vocabulary("licence").values()
        if "eu" in concept.mappings
    }
    assert named <= known


@MEANT
@pytest.mark.parametrize(
    ("column", "file"),
    [
        ("machine_readable", "mqa/edp-machine-readable-format.rdf"),
        ("non_proprietary", "mqa/edp-non-proprietary-format.rdf"),
    ],
)
def test_the_formats_of_the_assessment_are_told_as_it_tells_them(column: str, file: str) -> None:
    theirs = local_names(file)
    ours = {
        concept.code
        for concept in vocabulary("file_type").values()
        if concept.mappings[column] == "true" and concept.uri.startswith(EU)
    }
    assert ours == theirs


@MEANT
def test_registered_media_types_are_registered() -> None:
    listed = set((CONFORMANCE / "vocab/csv/media-types.csv").read_text(encoding="utf-8").replace("\n", ",").split(","))
    newer = {"application/yaml", "application/sql", "text/javascript", "application/vnd.apache.parquet"}
    without_template = {"image/gif", "image/jpeg", "text/plain", "video/mpeg"}  # registered by their RFCs alone
    ours = {concept.code for concept in vocabulary("media_type").values() if concept.mappings["registered"] == "true"}
    assert ours <= listed | newer | without_template
    assert {concept.code for concept in vocabulary("media_type").values() if concept.is_ours} & ours == set()


@MEANT
def test_the_licences_of_real_catalogues_are_known() -> None:
    said = [
        "http://creativecommons.org/publicdomain/mark/1.0/other-pd",
        "https://creativecommons.org/publicdomain/zero/1.0/",
        "http://www.usa.gov/publicdomain/label/1.0/",
        "https://creativecommons.org/licenses/by/4.0",
        "http://dcat-ap.de/def/licenses/cc-by",
        "http://dcat-ap.de/def/licenses/dl-zero-de/2.0",
        "http://dcat-ap.de/def/licenses/dl-by-de/2.0",
        "https://www.usa.gov/government-works",
        "http://opendatacommons.org/licenses/pddl/",
        "https://project-open-data.cio.gov/unknown-license/",
        "http://creativecommons.org/licenses/by/3.0/legalcode",
        "https://creativecommons.org/licenses/by/2.5/dk/",
        "http://www.opendefinition.org/licenses/cc-zero",
        "https://www.govdata.de/dl-de/by-2-0",
        "https://w3id.org/italia/controlled-vocabulary/licences/A21:CCBY40",
        "http://dcat-ap.ch/vocabulary/licenses/terms_by",
    ]
    assert [uri for uri in said if find_by_uri("licence", uri) is None] == []
