"""Texts on a page say which language they are in where it is not the page's."""

import pytest
from django.template import Context, Template
from django.utils.translation import override

from catalog.portal.spoken import say
from catalog.text import Text


@pytest.mark.parametrize(
    ("language", "text", "shown"),
    [
        ("ko", Text(ko="주차장", en="Car park"), "주차장"),
        ("en", Text(ko="주차장", en="Car park"), "Car park"),
        ("en", Text(ko="주차장"), '<span lang="ko">주차장</span>'),
        ("ko", Text(en="<b>Car park</b>"), '<span lang="en">&lt;b&gt;Car park&lt;/b&gt;</span>'),
        ("ko", Text(), ""),
    ],
)
def test_a_template_marks_a_text_of_the_other_language(language, text, shown):
    with override(language):
        assert Template("{{ text }}").render(Context({"text": say(text)})) == shown
