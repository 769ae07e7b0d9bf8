"""What checks find, and the report of a run that they make together."""

from dataclasses import dataclass, field
from typing import Any, Literal

from catalog.text import Text


@dataclass(frozen=True)
class Finding:
    """One thing that a check found; ``count`` is in records or columns."""

    code: str
    severity: Literal["warning", "blocking"]
    text: Text
    count: int = 0
    column: str = ""


@dataclass
class Report:
    """All findings of a run; ``blocks`` tells whether publishing is held back. ``drift`` is as ``drift.py`` writes it."""

    findings: list[Finding] = field(default_factory=list)
    drift: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    @property
    def blocks(self) -> bool:
        return any(finding.severity == "blocking" for finding in self.findings)

    @property
    def reason(self) -> Text:
        """The blocking sentences, one after the other."""
        texts = [finding.text for finding in self.findings if finding.severity == "blocking"]
        return Text(
            ko=" ".join(text.in_language("ko") for text in texts), en=" ".join(text.in_language("en") for text in texts)
        )
