"""Finding in the database: it agrees with the plain meaning of the tokens, counts exactly, and pages in a stable order."""

import datetime as dt
import itertools
import random
from collections import Counter

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from small_catalogue import write_datasets

from catalog.models import Dataset, Organisation
from catalog.search import COUNTED, SORTS, Found, Query, find
from catalog.search.bits import bits_of, entries_of
from catalog.search.expression import holds
from catalog.search.order import FEW
from catalog.search.question import Question
from catalog.search.ranks import at_least
from catalog.search.tokens import initial_tokens, title_tokens
from catalog.search.vendors import Tokens, Where, vendor

pytestmark = pytest.mark.django_db
ANYBODY = AnonymousUser()
TITLES = [
    "한빛시 공영주차장", "주차 장소 안내", "미세 먼지 측정", "미세먼지 (PM10)", "서울시 장애인 시장", "Public car parks & Wi-Fi",
    "Libraries of Zürich", "물 사용량", "수원시 대기질", "버스정류장", "CCTV 설치 현황", "Parking \"meters\" o'clock + plus_",
]  # fmt: skip
QUESTIONS = [
    "주차", "주차장", "주 차 장", "미세먼지", "미세 먼지", "시장", "ㅈㅊㅈ", "ㅁㅅ", "parking", "car park", "wifi", "Wi-Fi", "library",
    "zurich", "물", "수원시대기질", "대기질 수원", "정류장", "cctv 현황", "o'clock", "plus_", "PM10", "없는낱말", "\"", "AND OR NOT",
    "title:주차", "(", "주차*", "'; DROP TABLE x; --", "-", "+", "NEAR(주차 장)", "\\", "%", "_",
]  # fmt: skip


def found_titles(found: Found) -> list[str]:
    return [str(hit.dataset) for hit in found.page(Dataset.objects.all(), limit=100)]


def test_the_database_finds_what_the_tokens_mean(subtests: pytest.Subtests) -> None:
    write_datasets([{"title_ko": title, "slug": f"d{number}"} for number, title in enumerate(TITLES)])
    for question in QUESTIONS:
        with subtests.test(question):
            expression = Question(question).expression
            found = find(Query(text=question), ANYBODY)
            meant = {
                title
                for title in TITLES
                if expression is not None and holds(expression, title_tokens(title) | initial_tokens(title))
            }
            if not found.is_guess:
                assert set(found_titles(found)) == meant
            else:
                assert meant == set()


@pytest.mark.parametrize(
    "text",
    [
        "".join(chr(ord("가") + 37 * number) for number in range(200)),
        " ".join("가나" for _ in range(66)),
        " ".join(chr(ord("a") + number % 26) + str(number) for number in range(50)),
        "버스 주차장 미세먼지 도서관 " * 12,
        "parking bus stop air quality library " * 5,
        "미세먼지 " * 40,
        "ปฏิทินกิจกรรม हिन्दी 日本語 Ελληνικά 😀 ﬁ ŉ İ ẞ",
        "٣٤ ² ½ Ⅻ 〇",
    ],
    ids=range(8),
)
def test_the_longest_and_the_strangest_questions_are_answered(text: str) -> None:
    write_datasets([{"title_ko": text[:200].strip()}, {"title_ko": "다른 것"}])
    found = find(Query(text=text[:200]), ANYBODY)
    assert found_titles(found) == [text[:200].strip()]


@given(st.text(min_size=1, max_size=20).filter(lambda text: "\x00" not in text))
@hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_both_databases_hold_any_token_as_it_is(text: str) -> None:
    tokens = Tokens(*(frozenset(title_tokens(text)),) * 4)
    with transaction.atomic():
        vendor().write({1: tokens})
        assert vendor().holds({1: tokens}) == {1}
        for found in vendor().match([(Where.TITLE, token) for token in tokens.title][:20] or [(Where.TITLE, "없음")]):
            assert found == (0b10 if tokens.title else 0)
        vendor().clear()


def test_titles_in_one_piece_come_first_then_titles_then_names_then_descriptions() -> None:
    write_datasets(
        [
            {"title_ko": "설명에만", "description_ko": "버스 노선 안내"},
            {"title_ko": "키워드에", "keywords_ko": ["버스 노선"]},
            {"title_ko": "노선 번호와 버스"},
            {"title_ko": "한빛시 시내 버스 노선"},
            {"title_ko": "버스 노선"},
        ]
    )
    assert found_titles(find(Query(text="버스 노선"), ANYBODY)) == [
        "버스 노선", "한빛시 시내 버스 노선", "노선 번호와 버스", "키워드에", "설명에만",
    ]  # fmt: skip


def test_a_guess_says_that_it_is_one_and_puts_the_closest_first() -> None:
    write_datasets([{"title_ko": "주차 금지"}, {"title_ko": "공영주차장"}, {"title_ko": "도서관"}])
    found = find(Query(text="공영주차쟝"), ANYBODY)
    assert (found.is_guess, found_titles(found)) == (True, ["공영주차장"])
    assert not find(Query(text="주차"), ANYBODY).is_guess
    assert find(Query(text="낙타"), ANYBODY).count == 0


def test_filters_alone_never_make_a_guess() -> None:
    write_datasets([{"title_ko": "공영주차장"}])
    found = find(Query(text="주차장", codes={"theme": ["energy"]}), ANYBODY)
    assert (found.count, found.is_guess) == (0, False)


def made_up(number: int, seed: int = 1) -> list[dict]:
    choose = random.Random(seed).choice
    cities = [Organisation.objects.create(slug=f"city-{index}", name_ko=f"도시 {index}") for index in range(5)]
    return [
        {
            "organisation": choose(cities),
            "title_ko": f"{choose(['주차장', '대기질', '도서관'])} {choose(['현황', '위치'])} {choose(range(40))}",
            "theme": choose(["transport", "environment", "culture"]),
            "region": choose(["", "11", "11680", "41110", "44130"]),
            "frequency": choose(["", "daily", "annual"]),
            "access_level": choose(["public", "restricted", "non-public"]),
            "licence": choose(["kogl-1", "cc-by-4.0"]),
            "quality_band": choose(["", "good", "bad"]),
            "series": choose([[], ["one"], ["one", "two"]]),
        }
        for _ in range(number)
    ]


def naive(datasets: list[Dataset], codes: dict[str, list[str]], but: str = "") -> list[Dataset]:
    """Filter as a person would, one dataset after the other."""
    return [
        dataset
        for dataset in datasets
        if dataset.access_level != "non-public"
        and all(has_one(dataset, facet, chosen) for facet, chosen in codes.items() if facet != but)
    ]


def has_one(dataset: Dataset, facet: str, chosen: list[str]) -> bool:
    values = values_of(dataset, facet)
    if facet == "region":
        return any(value.startswith(tuple(chosen)) for value in values)
    return bool(set(values) & set(chosen))


def values_of(dataset: Dataset, facet: str) -> list[str]:
    columns = {"organisation": dataset.organisation.slug, "quality": dataset.quality_band, "model": dataset.data_model}
    value = columns.get(facet, getattr(dataset, facet, "") if facet != "format" else "")
    return [code for code in (value if isinstance(value, list) else [value]) if code]


@pytest.mark.parametrize(
    "codes",
    [
        {},
        {"theme": ["transport"]},
        {"theme": ["transport", "culture"], "region": ["11"]},
        {"region": ["11", "44130"], "access_level": ["public"], "frequency": ["daily"]},
        {"organisation": ["city-1", "city-2"], "licence": ["kogl-1"], "quality": ["good"]},
        {"series": ["two"]},
        {"theme": ["energy"]},
    ],
    ids=str,
)
def test_facets_are_counted_as_one_by_one(codes: dict[str, list[str]]) -> None:
    datasets = write_datasets(made_up(300))
    found = find(Query(codes=codes), ANYBODY)
    assert found.count == len(naive(datasets, codes))
    for facet, counts in found.count_facets().items():
        rest = naive(datasets, codes, but=facet)
        values = [value[:2] if facet == "region" else value for dataset in rest for value in values_of(dataset, facet)]
        assert counts == dict(Counter(values))
        assert list(counts.values()) == sorted(counts.values(), reverse=True)


def test_a_province_that_was_renamed_is_found_under_both_codes() -> None:
    write_datasets([{"region": "42110"}, {"region": "51110"}, {"region": "11"}])
    assert find(Query(codes={"region": ["51"]}), ANYBODY).count == 2
    assert find(Query(codes={"region": ["42"]}), ANYBODY).count == 1
    assert find(Query(), ANYBODY).count_facets()["region"] == {"51": 2, "11": 1}


@pytest.mark.parametrize(
    ("box", "number"),
    [((126, 36, 128, 38), 2), ((127.5, 36, 128, 36.5), 1), ((129, 35, 130, 36), 0), ((-180, -90, 180, 90), 2)],
)
def test_a_box_finds_the_boxes_that_it_meets(box: tuple[float, ...], number: int) -> None:
    write_datasets([{"bbox": [126.7, 37.4, 127.2, 37.7]}, {"bbox": [127, 36.4, 127.6, 36.6]}, {}])
    assert find(Query(box=box), ANYBODY).count == number


@pytest.mark.parametrize(
    ("start", "end", "slugs"),
    [
        ("2018-01-01", "2018-12-31", ["ever", "since-2015", "year-2018"]),
        ("2019-01-01", None, ["ever", "since-2015"]),
        (None, "2010-01-01", ["ever"]),
        ("2018-12-31", "2018-12-31", ["ever", "since-2015", "year-2018"]),
    ],
)
def test_a_period_finds_the_periods_that_it_meets(start: str | None, end: str | None, slugs: list[str]) -> None:
    write_datasets(
        [
            {"slug": "year-2018", "temporal_start": dt.date(2018, 1, 1), "temporal_end": dt.date(2018, 12, 31)},
            {"slug": "since-2015", "temporal_start": dt.date(2015, 1, 1)},
            {"slug": "ever", "temporal_end": dt.date(2030, 1, 1)},
            {"slug": "no-period"},
        ]
    )
    period = tuple(dt.date.fromisoformat(day) if day else None for day in (start, end))
    found = find(Query(period=period), ANYBODY)
    assert sorted(hit.dataset.slug for hit in found.page(Dataset.objects.all(), limit=10)) == slugs


def test_pages_by_place_and_by_number_are_the_same_and_whole(
    monkeypatch: pytest.MonkeyPatch, subtests: pytest.Subtests
) -> None:
    number = 700
    write_datasets(made_up(number))
    datasets = Dataset.objects.all()
    ways = {"looked up one by one": FEW, "met along the index": 50}
    for (way, few), sort, text in itertools.product(ways.items(), SORTS, ["", "현황"]):
        monkeypatch.setattr("catalog.search.order.FEW", few)
        with subtests.test(way, sort=sort, text=text):
            found = find(Query(text=text, sort=sort), ANYBODY)
            whole = [hit.dataset.slug for hit in found.page(datasets, limit=number)]
            assert len(set(whole)) == len(whole) == found.count > number / 8
            step, by_place, after = number // 7, [], None
            while hits := found.page(datasets, limit=step, after=after):
                by_place += [hit.dataset.slug for hit in hits]
                after = hits[-1].place
            assert by_place == whole
            assert [hit.dataset.slug for hit in found.page(datasets, limit=5, skip=len(whole) - 3)] == whole[-3:]


@pytest.mark.parametrize("number", [3, 60])
def test_what_is_asked_of_the_database_does_not_grow_with_what_is_found(number: int) -> None:
    write_datasets([{"title_ko": f"주차장 {index}"} for index in range(number)])
    find(Query(), ANYBODY)  # the process has read the codes
    with CaptureQueriesContext(connection) as statements:
        found = find(Query(text="주차장", codes={"theme": ["transport"]}, box=(0, 0, 1, 1), period=None), ANYBODY)
        found.count_facets()
        found.page(Dataset.objects.all(), limit=20)
    assert len(statements) == 3  # the versions, the words, the box; nothing lies in it
    with CaptureQueriesContext(connection) as statements:
        found = find(Query(text="주차장", codes={"theme": ["transport"]}), ANYBODY)
        found.count_facets(COUNTED)
        assert len(found.page(Dataset.objects.all(), limit=20)) == min(number, 20)
    assert len(statements) == 4  # the versions, the words, the order, the datasets


def test_found_datasets_can_be_had_as_a_queryset() -> None:
    write_datasets(
        [{"title_ko": "주차장"}, {"title_ko": "도서관"}, {"title_ko": "주차장", "access_level": "non-public"}]
    )
    found = find(Query(text="주차"), ANYBODY).restrict(Dataset.objects.all())
    assert [str(dataset) for dataset in found] == ["주차장"]
    assert not find(Query(text="없는낱말"), ANYBODY).restrict(Dataset.objects.all()).exists()


@pytest.mark.parametrize("entries", [[], [0], [1, 7, 8, 9], [200_000, 3], list(range(0, 5000, 3))], ids=len)
def test_a_set_holds_the_entries_that_it_was_made_of(entries: list[int]) -> None:
    assert list(entries_of(bits_of(entries))) == sorted(entries)


def test_sets_are_counted_entry_by_entry() -> None:
    sets = [bits_of([1, 2, 3]), bits_of([2, 3]), bits_of([3])]
    assert [sorted(entries_of(bits)) for bits in at_least(sets)[1:]] == [[1, 2, 3], [2, 3], [3]]
