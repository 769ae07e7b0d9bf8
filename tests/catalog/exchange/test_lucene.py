"""The safe part of Lucene's query language: what is read as what, and what is refused."""

import pytest

from catalog.errors import BadValue
from catalog.exchange.lucene import And, Clause, Everything, Match, Not, Or, Range, parse_lucene


def word(value: str, field: str = "") -> Match:
    return Match(field, value)


def phrase(value: str, field: str = "") -> Match:
    return Match(field, value, is_phrase=True)


@pytest.mark.parametrize(
    ("text", "clause"),
    [
        ("", Everything()),
        ("   ", Everything()),
        ("*:*", Everything()),
        ("*", Everything()),
        ("주차", word("주차")),
        ("주차 미세먼지", And((word("주차"), word("미세먼지")))),
        ("주차\u3000요금", And((word("주차"), word("요금")))),
        ('"미세 먼지"', phrase("미세 먼지")),
        (r'"a \"quoted\" word"', phrase('a "quoted" word')),
        ("organization:hanbit", word("hanbit", "organization")),
        ("organization:a OR organization:b", Or((word("a", "organization"), word("b", "organization")))),
        ("-organization:x", Not(word("x", "organization"))),
        ("NOT a", Not(word("a"))),
        ("!a", Not(word("a"))),
        ("+a -b", And((word("a"), Not(word("b"))))),
        ("a && b || c", Or((And((word("a"), word("b"))), word("c")))),
        ("a AND (b OR c)", And((word("a"), Or((word("b"), word("c")))))),
        ("title:(a OR b)", Or((word("a", "title"), word("b", "title")))),
        ("-tags:(a b)", Not(And((word("a", "tags"), word("b", "tags"))))),
        ('organization:"x" AND -tags:"y"', And((phrase("x", "organization"), Not(phrase("y", "tags"))))),
        ("name:air-*", Match("name", "air-", is_prefix=True)),
        ("notes:*", Match("notes", "", is_prefix=True)),
        ("[1 TO 2]", None),
        ("num_tags:[1 TO 3]", Range("num_tags", "1", "3")),
        ("num_tags:{1 TO 3]", Range("num_tags", "1", "3", with_low=False)),
        ("num_tags:{* TO 3}", Range("num_tags", None, "3", with_low=False, with_high=False)),
        (
            "metadata_modified:[2026-01-01T00:00:00Z TO *]",
            Range("metadata_modified", "2026-01-01T00:00:00Z", None),
        ),
        ('title:["가" TO "나"]', Range("title", "가", "나")),
        (r"title:c\+\+", word("c++", "title")),
        (r"url:http\://x", word("http://x", "url")),
        ("http://x.example/a", word("http://x.example/a")),
        ("초미세먼지(PM2.5)", And((word("초미세먼지"), word("PM2.5")))),
        ("ANDROID", word("ANDROID")),
        ("(((a)))", word("a")),
    ],
)
def test_a_query_is_read_as_a_tree(text: str, clause: Clause | None) -> None:
    if clause is None:
        with pytest.raises(BadValue):
            parse_lucene(text)
    else:
        assert parse_lucene(text) == clause


@pytest.mark.parametrize(
    "text",
    ["(a", "a)", "()", "a:", "AND", "a AND", "OR b", "a OR OR b", '"a', "x:[1 TO", "x:[1 2]", "title:(name:x)", "a b:"],
)
def test_a_query_that_is_not_whole_is_refused(text: str) -> None:
    with pytest.raises(BadValue, match="Lucene"):
        parse_lucene(text)


@pytest.mark.parametrize(
    "text", ["{!lucene}x", "{!join from=a to=b}*:*", "q:{!x}", "a~2", "a^3", "/re.*/", "*a", "a*b", "a?", "_val_:{!x}"]
)
def test_what_cannot_be_answered_exactly_is_refused(text: str) -> None:
    with pytest.raises(BadValue):
        parse_lucene(text)


def test_a_refusal_names_the_place() -> None:
    with pytest.raises(BadValue) as refused:
        parse_lucene("title:주차 )", parameter="fq")
    assert refused.value.values["parameter"] == "fq"
    assert "character 10 (')')" in refused.value.text.en
    assert "10번째" in refused.value.text.ko


@pytest.mark.parametrize("text", ["(" * 5000 + "a", "-" * 5000 + "a", "a" * 10_001, "x:(" * 300 + "a"])
def test_a_query_made_to_exhaust_is_refused(text: str) -> None:
    with pytest.raises(BadValue):
        parse_lucene(text)
