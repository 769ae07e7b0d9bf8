"""What one reading of a feed did, counted and told."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from catalog.exchange.entry import Finding
from catalog.text import Text
from ingest.models import FeedReading

MOST_GONE = 0.2  # of the datasets of a feed; more need a person's word
MOST_FINDINGS = 10_000  # that are kept of one reading; a catalogue of 300,000 datasets can have millions
MOST_EXAMPLES = 20  # of each kind of what was done

HELD = Text(
    ko="'{feed}' 피드의 데이터셋 {known}개 가운데 {gone}개가 없어졌습니다. 한꺼번에 {limit} 넘게 없어지면 아무것도 내리지 않습니다. 맞다면 "
    "--accept-deletions를 붙여 다시 실행하거나 관리 화면에서 결정하십시오.",
    en="{gone} of the {known} datasets of the feed '{feed}' are gone. More than {limit} at once withdraw nothing; if this is right, "
    "run again with --accept-deletions, or decide in the admin.",
)
MISCOUNTED = Text(
    ko="'{feed}' 피드가 데이터셋 {announced}개를 알렸지만 {total}개만 왔습니다. 알고 있던 {gone}개가 보이지 않지만, 답이 온전하지 않을 수 있어 "
    "아무것도 내리지 않습니다. 맞다면 --accept-deletions를 붙여 다시 실행하거나 관리 화면에서 결정하십시오.",
    en="The feed '{feed}' announced {announced} datasets and told {total}. {gone} that were known are not among them, but as the "
    "answer may not be whole, nothing is withdrawn; if this is right, run again with --accept-deletions, or decide in the admin.",
)
SENTENCES = {
    FeedReading.Doubt.EMPTY: HELD,
    FeedReading.Doubt.SHRUNKEN: HELD,
    FeedReading.Doubt.MISCOUNTED: MISCOUNTED,
}


@dataclass
class Harvest:
    """What a reading of a feed did. ``held`` counts what is gone and was left alone, waiting for a person's word.

    ``matched`` counts those, among the unchanged, changed and restored ones, whose identifier is another than before, and
    ``kept`` those in which a steward's values stayed although the feed says something else.
    """

    feed: str
    total: int = 0
    created: int = 0
    changed: int = 0
    unchanged: int = 0
    deleted: int = 0
    restored: int = 0
    refused: int = 0
    duplicates: int = 0
    held: int = 0
    known: int = 0
    matched: int = 0
    left_out: int = 0
    kept: int = 0
    announced: int | None = None
    doubt: str = ""
    findings: list[Finding] = field(default_factory=list)
    unlisted: int = 0  # findings beyond those that are kept
    examples: dict[str, list[str]] = field(default_factory=dict)
    is_unmodified: bool = False  # the source said that nothing has changed, and was not read

    def counts(self) -> dict[str, int]:
        names = ("announced", "unlisted", "is_unmodified")
        return {name: value for name, value in vars(self).items() if isinstance(value, int) and name not in names}

    def add_findings(self, findings: Iterable[Finding]) -> None:
        for finding in findings:
            if len(self.findings) < MOST_FINDINGS:
                self.findings.append(finding)
            else:
                self.unlisted += 1

    def show(self, kind: str, what: str) -> None:
        """Remember an example of what was done."""
        shown = self.examples.setdefault(kind, [])
        if len(shown) < MOST_EXAMPLES:
            shown.append(what)

    @property
    def warning(self) -> Text:
        """What waits for a person's word; empty when nothing does."""
        if not self.held:
            return Text()
        return SENTENCES[FeedReading.Doubt(self.doubt)].format(
            feed=self.feed,
            known=self.known,
            gone=self.held,
            limit=f"{MOST_GONE:.0%}",
            announced=self.announced,
            total=self.total,
        )
