"""The examples of docs/vocabularies.md run, and give what the page says beside them."""

import ast
import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[3] / "docs" / "vocabularies.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.splitlines()[-1][:40])
def test_the_examples_of_the_page_run(block: str) -> None:
    known: dict[str, object] = {}
    for line in block.splitlines():
        code, _, said = line.partition("  # ")
        if not said:
            exec(line, known)
            continue
        assert eval(code, known) == ast.literal_eval(re.split(r"[:;]", said)[0])


def test_there_are_examples() -> None:
    assert len(BLOCKS) == 2
