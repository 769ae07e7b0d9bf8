"""Which datasets are asked for: one filter per parameter, read strictly into a query; labels go into the OpenAPI document.

Lists are taken as ``a,b`` and as repeated parameters alike. A value that cannot exist is an error, not an empty answer.
"""

import datetime as dt
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms
from django.http import QueryDict
from django_filters import Filter, FilterSet
from rest_framework.request import Request

from catalog.api.view import only_value
from catalog.errors import BadValue
from catalog.models import Dataset, Organisation, Series
from catalog.models.labels import speak
from catalog.search import FACETS, SORTS, Box, Period, Query
from catalog.standard import is_region, vocabulary
from catalog.text import Text

LONGEST_QUESTION = 200
MOST_VALUES = 100
MOST_NAMED = 40  # codes that an error lists; longer vocabularies are pointed to
CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f]")
SLUG = re.compile(r"[-a-zA-Z0-9_]+")
OPEN = ("", "..")


@dataclass(frozen=True)
class Parameter:
    """A parameter of the list of datasets: what it means and an example."""

    label: Text
    example: str


PARAMETERS: Mapping[str, Parameter] = {
    "q": Parameter(
        Text(
            ko="찾을 낱말. 제목, 설명, 키워드, 열 이름, 기관에서 찾으며 띄어쓰기는 상관없습니다 (미세먼지 = 미세 먼지). "
            "초성(ㅁㅅㅁㅈ)과 영어(parking)로도 찾습니다",
            en="words to find in titles, descriptions, keywords, columns and organisations; spaces do not matter, Korean "
            "initials (ㅁㅅㅁㅈ) and the same word in the other language are found too",
        ),
        "주차장",
    ),
    "theme": Parameter(Text(ko="분야. 여럿이면 쉼표로", en="themes, separated by commas or repeated"), "transport"),
    "organisation": Parameter(
        Text(ko="기관 식별자. 여럿이면 쉼표로", en="organisations (slugs), separated by commas or repeated"), "hanbit-city"
    ),
    "region": Parameter(
        Text(
            ko="지역 코드. 그 안의 지역도 찾습니다 (44는 44130도)",
            en="region codes; regions inside them are found too (44 also finds 44130)",
        ),
        "44",
    ),
    "model": Parameter(
        Text(ko="데이터 모델. 여럿이면 쉼표로", en="data models, separated by commas or repeated"), "off-street-parking"
    ),
    "format": Parameter(
        Text(ko="파일 형식. 여럿이면 쉼표로", en="file formats, separated by commas or repeated"), "CSV"
    ),
    "licence": Parameter(Text(ko="이용허락. 여럿이면 쉼표로", en="licences, separated by commas or repeated"), "kogl-1"),
    "access_level": Parameter(
        Text(ko="공개 등급. 여럿이면 쉼표로", en="access levels, separated by commas or repeated"), "public"
    ),
    "frequency": Parameter(
        Text(ko="갱신 주기. 여럿이면 쉼표로", en="update frequencies, separated by commas or repeated"), "daily"
    ),
    "quality": Parameter(
        Text(ko="메타데이터 품질 등급. 여럿이면 쉼표로", en="bands of metadata quality, separated by commas or repeated"), "excellent"
    ),
    "series": Parameter(Text(ko="시리즈 식별자. 여럿이면 쉼표로", en="series (slugs), separated by commas or repeated"), ""),
    "bbox": Parameter(
        Text(
            ko="서,남,동,북 (WGS 84 도). 이와 만나는 경계 상자를 가진 것",
            en="west,south,east,north in degrees (WGS 84): datasets whose own box meets it",
        ),
        "126.7,37.4,127.2,37.7",
    ),
    "datetime": Parameter(
        Text(
            ko="기간 '시작/끝' (날짜, 끝 포함, '..'은 열린 끝). 이와 겹치는 기간을 다루는 것",
            en="interval 'start/end' of days (end included, '..' is open): datasets whose period meets it",
        ),
        "2018-01-01/2018-12-31",
    ),
    "sort": Parameter(
        Text(
            ko="순서: relevance(낱말에 맞는 것부터, q가 있을 때의 기본), updated(최근 갱신), title(제목; q가 없을 때의 기본)",
            en="order: relevance (best match first, the default with q), updated (latest first), title (the default without)",
        ),
        "updated",
    ),
}  # fmt: skip


def read_question(text: str) -> str:
    asked = text.strip()
    if len(asked) > LONGEST_QUESTION or CONTROL_CHARACTERS.search(asked):
        raise BadValue(
            parameter="q",
            value=asked[:LONGEST_QUESTION],
            expected=Text(ko=f"{LONGEST_QUESTION}자까지의 글", en=f"a text of at most {LONGEST_QUESTION} characters"),
        )
    return asked


def read_codes(facet: str, values: Iterable[str]) -> list[str]:
    """Read ``a,b`` and repeated parameters into one list without doubles, and refuse what no dataset can have."""
    parts = (part.strip() for value in values for part in value.split(","))
    codes = list(dict.fromkeys(part for part in parts if part))
    if len(codes) > MOST_VALUES:
        expected = Text(ko=f"값 {MOST_VALUES}개까지", en=f"at most {MOST_VALUES} values")
        raise BadValue(parameter=facet, value=",".join(codes), expected=expected)
    check = CHECKS.get(facet, check_vocabulary)
    check(facet, codes)
    return codes


def check_vocabulary(facet: str, codes: Iterable[str]) -> None:
    name = FACETS[facet].vocabulary
    known = vocabulary(name)
    for code in codes:
        if code not in known:
            address = f"/api/v1/vocabularies/{name}"
            many = Text(ko=f"코드표의 코드 ({address})", en=f"a code of the vocabulary ({address})")
            raise BadValue(parameter=facet, value=code, expected=", ".join(known) if len(known) <= MOST_NAMED else many)


def check_regions(facet: str, codes: Iterable[str]) -> None:
    for code in codes:
        if not is_region(code):
            expected = Text(
                ko="시도 코드로 시작하는 2, 5, 8, 10자리 지역 코드",
                en="a region code of 2, 5, 8 or 10 digits that begins with a province",
            )
            raise BadValue(parameter=facet, value=code, expected=expected)


def check_organisations(facet: str, codes: list[str]) -> None:
    expected = Text(
        ko="기관의 식별자 (/api/v1/organisations)", en="the slug of an organisation (/api/v1/organisations)"
    )
    check_slugs(Organisation, facet, codes, expected)


def check_series(facet: str, codes: list[str]) -> None:
    check_slugs(Series, facet, codes, Text(ko="시리즈의 식별자", en="the slug of a series"))


def check_slugs(model: type[Organisation] | type[Series], facet: str, codes: list[str], expected: Text) -> None:
    if not codes:
        return
    asked = [slug for slug in codes if SLUG.fullmatch(slug)]
    known = set(model.objects.filter(slug__in=asked).values_list("slug", flat=True))
    for slug in codes:
        if slug not in known:
            raise BadValue(parameter=facet, value=slug, expected=expected)


CHECKS: Mapping[str, Callable[[str, list[str]], None]] = {
    "organisation": check_organisations,
    "region": check_regions,
    "series": check_series,
}


def read_box(text: str) -> Box | None:
    if not text.strip():
        return None
    try:
        west, south, east, north = (float(part) for part in text.split(","))
        is_box = (
            -180 <= west <= east <= 180 and -90 <= south <= north <= 90 and not math.isnan(west + south + east + north)
        )
    except ValueError:
        is_box = False
    if not is_box:
        expected = Text(ko="서,남,동,북 (도)", en="west,south,east,north in degrees")
        raise BadValue(parameter="bbox", value=text, expected=expected)
    return west, south, east, north


def read_period(text: str) -> Period | None:
    """Read ``start/end``, ``start/..``, ``../end`` or one day."""
    if not text.strip():
        return None
    first, slash, last = (part.strip() for part in text.partition("/"))
    try:
        start, end = (
            None if side in OPEN else dt.date.fromisoformat(side) for side in (first, last if slash else first)
        )
        is_period = (start or end) and not (start and end and start > end)
    except ValueError:
        is_period = False
    if not is_period:
        expected = Text(
            ko="시작/끝, 예: 2018-01-01/2018-12-31 또는 2018-01-01/..",
            en="start/end, for example 2018-01-01/2018-12-31 or 2018-01-01/..",
        )
        raise BadValue(parameter="datetime", value=text, expected=expected)
    return start, end


def read_sort(text: str) -> str:
    if text and text not in SORTS:
        raise BadValue(parameter="sort", value=text, expected=", ".join(SORTS))
    return text


class AllValues(forms.Widget):
    """Hands on all the values of a parameter, as they came."""

    def value_from_datadict(self, data: QueryDict, files: object, name: str) -> list[str]:
        return data.getlist(name)


class OneField(forms.Field):
    """A parameter that may be given once; ``read`` refuses what it cannot read."""

    widget = AllValues

    def __init__(self, *, parameter: str, read: Callable[[str], Any], **options: Any) -> None:  # noqa: ANN401
        super().__init__(**options)
        self.parameter = parameter
        self.read = read

    def clean(self, values: list[str]) -> Any:  # noqa: ANN401
        return self.read(only_value(self.parameter, values))


class CodesField(forms.Field):
    """A list of codes, given as ``a,b`` and as repeated parameters alike."""

    widget = AllValues

    def __init__(self, *, parameter: str, **options: Any) -> None:  # noqa: ANN401
        super().__init__(**options)
        self.parameter = parameter

    def clean(self, values: list[str]) -> list[str]:
        return read_codes(self.parameter, values)


class OneFilter(Filter):
    field_class = OneField

    def __init__(self, parameter: str, read: Callable[[str], Any]) -> None:
        super().__init__(label=speak(PARAMETERS[parameter].label), parameter=parameter, read=read)


class CodesFilter(Filter):
    field_class = CodesField

    def __init__(self, parameter: str) -> None:
        super().__init__(label=speak(PARAMETERS[parameter].label), parameter=parameter)


class DatasetFilter(FilterSet):
    """The parameters of the list of datasets; together they are one query, which the search answers as a whole."""

    q = OneFilter("q", read_question)
    theme = CodesFilter("theme")
    organisation = CodesFilter("organisation")
    region = CodesFilter("region")
    model = CodesFilter("model")
    format = CodesFilter("format")
    licence = CodesFilter("licence")
    access_level = CodesFilter("access_level")
    frequency = CodesFilter("frequency")
    quality = CodesFilter("quality")
    series = CodesFilter("series")
    bbox = OneFilter("bbox", read_box)
    datetime = OneFilter("datetime", read_period)
    sort = OneFilter("sort", read_sort)

    class Meta:
        model = Dataset
        fields: ClassVar[list[str]] = []

    @property
    def query(self) -> Query:
        """Return what is asked for; a value that cannot be is a BadValue."""
        self.form.full_clean()
        asked = self.form.cleaned_data
        return Query(
            text=asked["q"],
            codes={facet: asked[facet] for facet in FACETS if asked[facet]},
            box=asked["bbox"],
            period=asked["datetime"],
            sort=asked["sort"],
        )


def read_query(request: Request) -> Query:
    """Read the parameters into what the search understands."""
    return DatasetFilter(request.GET).query
