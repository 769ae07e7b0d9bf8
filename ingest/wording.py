"""Says what a validation library found wrong, in Korean and English; and makes foreign text fit to be stored."""

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

from catalog.records import Finding, Report
from catalog.text import Text

COLUMN_LENGTH = 200

SENTENCES: Mapping[str, Text] = {
    "missing": Text(ko="꼭 있어야 하는데 없습니다", en="is required but missing"),
    "extra_forbidden": Text(ko="알 수 없는 이름입니다", en="is not a known name"),
    "unexpected_keyword_argument": Text(ko="알 수 없는 이름입니다", en="is not a known name"),
    "string_type": Text(ko="문자여야 합니다", en="must be text"),
    "int_type": Text(ko="정수여야 합니다", en="must be a whole number"),
    "int_parsing": Text(ko="정수여야 합니다", en="must be a whole number"),
    "int_from_float": Text(ko="정수여야 합니다", en="must be a whole number"),
    "float_type": Text(ko="수여야 합니다", en="must be a number"),
    "float_parsing": Text(ko="수여야 합니다", en="must be a number"),
    "bool_type": Text(ko="true 또는 false여야 합니다", en="must be true or false"),
    "bool_parsing": Text(ko="true 또는 false여야 합니다", en="must be true or false"),
    "list_type": Text(ko="목록이어야 합니다", en="must be a list"),
    "tuple_type": Text(ko="목록이어야 합니다", en="must be a list"),
    "dict_type": Text(ko="이름과 값의 표여야 합니다", en="must be a table of names and values"),
    "dataclass_type": Text(ko="이름과 값의 표여야 합니다", en="must be a table of names and values"),
    "model_type": Text(ko="이름과 값의 표여야 합니다", en="must be a table of names and values"),
    "literal_error": Text(ko="쓸 수 있는 값: {expected}", en="must be one of {expected}"),
    "date_form": Text(ko="YYYY-MM-DD 형식이어야 합니다", en="must be YYYY-MM-DD"),
    "string_too_short": Text(ko="비어 있을 수 없습니다", en="must not be empty"),
    "greater_than_equal": Text(ko="{ge} 이상이어야 합니다", en="must be at least {ge}"),
    "greater_than": Text(ko="{gt}보다 커야 합니다", en="must be more than {gt}"),
    "less_than_equal": Text(ko="{le} 이하여야 합니다", en="must be at most {le}"),
}
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
OTHER = Text(ko="잘못된 값입니다: {message}", en="{message}")


def explain_problem(problem: Mapping[str, Any]) -> Text:
    """Return the sentence of one entry of pydantic's ``errors()``."""
    sentence = SENTENCES.get(problem["type"], OTHER)
    values = {name: str(value).replace(" or ", ", ") for name, value in problem.get("ctx", {}).items()}
    return sentence.format(message=problem["msg"].removeprefix("Value error, "), **values)


def storable(text: str) -> str:
    """Return the text without what a database refuses: NUL and halves of surrogate pairs become U+FFFD."""
    return UNSTORABLE.sub("\ufffd", text)


def storable_document(value: Any) -> Any:  # noqa: ANN401 (plain JSON)
    """Return plain JSON with texts that a database takes."""
    if isinstance(value, dict):
        return {storable(name): storable_document(part) for name, part in value.items()}
    if isinstance(value, list):
        return [storable_document(part) for part in value]
    return storable(value) if isinstance(value, str) else value


def storable_report(report: Report) -> Report:
    """Return the report with texts and names that a database takes: both may hold what a platform sent."""
    return Report([storable_finding(finding) for finding in report.findings])


def storable_finding(finding: Finding) -> Finding:
    text = Text(ko=storable(finding.text.ko), en=storable(finding.text.en))
    return dataclasses.replace(finding, text=text, column=storable(finding.column)[:COLUMN_LENGTH])
