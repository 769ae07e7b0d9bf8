"""Which datasets are asked for: one filter per parameter, read strictly; labels go into the OpenAPI document.

Lists are taken as ``a,b`` and as repeated parameters alike. A value that cannot exist is an error, not an empty answer.
"""

import re

from django import forms
from django.http import QueryDict
from django_filters import Filter, FilterSet

from catalog.errors import BadValue
from catalog.models import Organisation
from catalog.models.dataset import DatasetQuerySet
from catalog.models.labels import speak
from catalog.search import match_all, match_text, narrow
from catalog.standard import is_region, vocabulary
from catalog.text import Text

LONGEST_QUESTION = 200
MOST_VALUES = 100
CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f]")
SLUG = re.compile(r"[-a-zA-Z0-9_]+")


class ParameterField(forms.Field):
    """A form field that knows its parameter's name, to name it in errors."""

    def __init__(self, *, parameter: str, **options: object) -> None:
        super().__init__(**options)
        self.parameter = parameter

    def refuse(self, value: str, expected: Text | str) -> None:
        raise BadValue(parameter=self.parameter, value=value, expected=expected)


class QuestionField(ParameterField):
    """The words to find: one text, given once."""

    widget = forms.TextInput

    def clean(self, value: str | None) -> str:
        text = (value or "").strip()
        if len(text) > LONGEST_QUESTION or CONTROL_CHARACTERS.search(text):
            self.refuse(
                text[:LONGEST_QUESTION],
                Text(ko=f"{LONGEST_QUESTION}자까지의 글", en=f"a text of at most {LONGEST_QUESTION} characters"),
            )
        return text


class ListInput(forms.Widget):
    """Reads ``a,b`` and repeated parameters into one list without doubles."""

    def value_from_datadict(self, data: QueryDict, files: object, name: str) -> list[str]:
        parts = (part.strip() for value in data.getlist(name) for part in value.split(","))
        return list(dict.fromkeys(part for part in parts if part))


class ListField(ParameterField):
    widget = ListInput

    def clean(self, value: list[str]) -> list[str]:
        if len(value) > MOST_VALUES:
            self.refuse(",".join(value), Text(ko=f"값 {MOST_VALUES}개까지", en=f"at most {MOST_VALUES} values"))
        return value


class CodesField(ListField):
    """Codes of the vocabulary that has the parameter's name."""

    def clean(self, value: list[str]) -> list[str]:
        codes = vocabulary(self.parameter)
        for code in super().clean(value):
            if code not in codes:
                self.refuse(code, ", ".join(codes))
        return value


class OrganisationsField(ListField):
    def clean(self, value: list[str]) -> list[str]:
        asked = [slug for slug in super().clean(value) if SLUG.fullmatch(slug)]
        known = set(Organisation.objects.filter(slug__in=asked).values_list("slug", flat=True))
        for slug in value:
            if slug not in known:
                self.refuse(
                    slug,
                    Text(
                        ko="기관의 식별자 (/api/v1/organisations)",
                        en="the slug of an organisation (/api/v1/organisations)",
                    ),
                )
        return value


class RegionsField(ListField):
    def clean(self, value: list[str]) -> list[str]:
        for code in super().clean(value):
            if not is_region(code):
                self.refuse(
                    code,
                    Text(
                        ko="시도 코드로 시작하는 2, 5, 8, 10자리 지역 코드",
                        en="a region code of 2, 5, 8 or 10 digits that begins with a province",
                    ),
                )
        return value


class QuestionFilter(Filter):
    """Datasets that hold the words; all of them, ranked alike, without a question."""

    field_class = QuestionField

    def filter(self, datasets: DatasetQuerySet, value: str) -> DatasetQuerySet:
        return match_text(datasets, value) if value else match_all(datasets)


class FacetFilter(Filter):
    """Datasets that have one of the codes in the facet of the parameter's name."""

    field_class = CodesField

    def filter(self, datasets: DatasetQuerySet, value: list[str]) -> DatasetQuerySet:
        return narrow(datasets, self.field_name, value)


class OrganisationsFilter(FacetFilter):
    field_class = OrganisationsField


class RegionsFilter(FacetFilter):
    field_class = RegionsField


class DatasetFilter(FilterSet):
    """The parameters of the list of datasets; several values of one are alternatives, several parameters all hold."""

    q = QuestionFilter(
        parameter="q",
        label=speak(
            Text(
                ko="찾을 낱말. 제목, 설명, 키워드, 열 이름, 기관에서 찾으며 띄어쓰기는 상관없습니다 (미세먼지 = 미세 먼지)",
                en="words to find in titles, descriptions, keywords, columns and organisations; spaces do not matter",
            )
        ),
    )
    theme = FacetFilter(
        parameter="theme", label=speak(Text(ko="분야. 여럿이면 쉼표로", en="themes, separated by commas or repeated"))
    )
    organisation = OrganisationsFilter(
        parameter="organisation",
        label=speak(
            Text(ko="기관 식별자. 여럿이면 쉼표로", en="organisations (slugs), separated by commas or repeated")
        ),
    )
    region = RegionsFilter(
        parameter="region",
        label=speak(
            Text(
                ko="지역 코드. 그 안의 지역도 찾습니다 (44는 44130도)",
                en="region codes; regions inside them are found too (44 also finds 44130)",
            )
        ),
    )
    access_level = FacetFilter(
        parameter="access_level",
        label=speak(Text(ko="공개 등급. 여럿이면 쉼표로", en="access levels, separated by commas or repeated")),
    )
    frequency = FacetFilter(
        parameter="frequency",
        label=speak(Text(ko="갱신 주기. 여럿이면 쉼표로", en="update frequencies, separated by commas or repeated")),
    )


PARAMETERS = tuple(DatasetFilter.base_filters)
