"""Says what a validation library found wrong, in Korean and English."""

from collections.abc import Mapping
from typing import Any

from catalog.text import Text

SENTENCES: Mapping[str, Text] = {
    "missing": Text(ko="꼭 있어야 하는데 없습니다", en="is required but missing"),
    "extra_forbidden": Text(ko="알 수 없는 이름입니다", en="is not a known name"),
    "string_type": Text(ko="문자여야 합니다", en="must be text"),
    "int_type": Text(ko="정수여야 합니다", en="must be a whole number"),
    "int_parsing": Text(ko="정수여야 합니다", en="must be a whole number"),
    "float_type": Text(ko="수여야 합니다", en="must be a number"),
    "bool_type": Text(ko="true 또는 false여야 합니다", en="must be true or false"),
    "bool_parsing": Text(ko="true 또는 false여야 합니다", en="must be true or false"),
    "list_type": Text(ko="목록이어야 합니다", en="must be a list"),
    "tuple_type": Text(ko="목록이어야 합니다", en="must be a list"),
    "dict_type": Text(ko="이름과 값의 표여야 합니다", en="must be a table of names and values"),
    "model_type": Text(ko="이름과 값의 표여야 합니다", en="must be a table of names and values"),
    "literal_error": Text(ko="쓸 수 있는 값: {expected}", en="must be one of {expected}"),
    "greater_than_equal": Text(ko="{ge} 이상이어야 합니다", en="must be at least {ge}"),
    "greater_than": Text(ko="{gt}보다 커야 합니다", en="must be more than {gt}"),
    "less_than_equal": Text(ko="{le} 이하여야 합니다", en="must be at most {le}"),
}
OTHER = Text(ko="잘못된 값입니다: {message}", en="{message}")


def explain_problem(problem: Mapping[str, Any]) -> Text:
    """Return the sentence of one entry of pydantic's ``errors()``."""
    sentence = SENTENCES.get(problem["type"], OTHER)
    return sentence.format(message=problem["msg"], **problem.get("ctx", {}))
