import inspect
import re
import string

import pytest

from catalog import errors
from catalog.errors import BadDescription, HubError, UnknownColumn
from catalog.text import Text

CLASSES = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, HubError)]


def test_the_tree_in_the_docstring_names_every_error_once():
    named = re.findall(r"\b[A-Z]\w+", errors.__doc__.partition("Each class")[0])
    drawn = [name for name in named if name in {kind.__name__ for kind in CLASSES}]
    assert sorted(drawn) == sorted(kind.__name__ for kind in CLASSES)


@pytest.mark.parametrize("kind", CLASSES)
def test_every_error_has_a_code_of_its_own(kind):
    assert [other for other in CLASSES if other.code == kind.code] == [kind]


@pytest.mark.parametrize("kind", CLASSES)
def test_both_languages_of_a_sentence_are_there_and_tell_the_same_values(kind):
    ko, en = (
        {field for _, field, _, _ in string.Formatter().parse(text)} for text in (kind.sentence.ko, kind.sentence.en)
    )
    assert ko - {None} == en - {None}
    assert re.search("[가-힣]", kind.sentence.ko)
    assert not re.search("[가-힣]", kind.sentence.en)


def test_an_error_keeps_its_values_and_shows_lists_in_words():
    error = UnknownColumn(column="pm1", allowed=("pm10", "pm25"))
    assert error.values == {"column": "pm1", "allowed": ("pm10", "pm25")}
    assert str(error) == "Unknown column 'pm1'; the columns of this dataset: pm10, pm25"
    assert error.text.ko == "'pm1' 열이 없습니다. 이 데이터셋의 열: pm10, pm25"


def test_what_was_asked_cannot_break_a_sentence():
    assert "'{allowed}'" in str(UnknownColumn(column="{allowed}", allowed=["a"]))


def test_a_refused_description_lists_its_problems():
    error = BadDescription(
        [("title", Text(ko="비어 있습니다", en="is empty")), ("theme", Text(ko="없는 {코드}", en="unknown {code}"))]
    )
    assert [field for field, _ in error.problems] == ["title", "theme"]
    assert error.text == Text(
        ko="메타데이터가 표준에 맞지 않습니다: [title] 비어 있습니다 [theme] 없는 {코드}",
        en="The description does not meet the standard: [title] is empty [theme] unknown {code}",
    )
