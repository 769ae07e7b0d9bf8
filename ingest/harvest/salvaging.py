"""What can be stored of a foreign description; what cannot is told."""

from collections.abc import Mapping
from typing import Any

from catalog.exchange.entry import Finding
from catalog.standard import Class
from catalog.standard.salvage import salvage
from catalog.text import Text

LEFT_OUT = Text(ko="값을 뺐습니다: {reason}", en="the value was left out: {reason}")


def salvaged(where: str, description: Mapping[str, Any], class_: Class) -> tuple[dict[str, Any], list[Finding]]:
    """Return what can be stored of a description, and a finding for each value that cannot."""
    kept, problems = salvage(description, class_)
    return kept, [Finding(f"{where} {problem.field}", LEFT_OUT.format(reason=problem.text)) for problem in problems]
