"""Words a message of alerts: one paragraph for each source, feed or peer, the most important first; as text, as HTML, as JSON."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from catalog.text import Text
from ingest.models import Alert, Feed, Hub, Source

LISTED = 50  # sources, feeds and peers told one by one; of the others the number is told
SUBJECT_LENGTH = 120
KINDS: Mapping[str, Text] = {  # the most important first
    "failed": Text(ko="수집 실패", en="collection failed"),
    "held": Text(ko="공개 보류", en="held back"),
    "paused": Text(ko="수집 멈춤", en="paused"),
    "passed": Text(ko="실패했다가 회복", en="failed and recovered"),
    "recovered": Text(ko="정상으로 돌아옴", en="working again"),
}
SUBJECT = Text(ko="[데이터허브] {kind}: {title}{others}", en="[Data hub] {title}: {kind}{others}")
OTHERS = Text(ko=" 외 {count}곳", en=" and {count} more")
GREETING = Text(ko="소스 {count}곳의 소식입니다.", en="News of {count} source(s).")
UNLISTED = Text(ko="그 밖에 소스 {count}곳의 소식이 더 있습니다.", en="There is news of {count} more source(s).")
WELL = Text(ko="다시 정상으로 수집합니다.", en="It is collected again.")
PASSED = Text(ko="지금은 정상입니다. 그동안의 문제: {text}", en="It works again. What was wrong: {text}")
REPEATED = Text(ko="(알림 {count}건 중 마지막)", en="(the last of {count} alerts)")
NEXT = Text(ko="다음 시도: {at}", en="Tried next: {at}")
RUN = Text(ko="실행 기록", en="Run")
PAGES = {
    Source: Text(ko="소스 설정", en="Source"),
    Feed: Text(ko="피드", en="Feed"),
    Hub: Text(ko="이웃 허브", en="Peer hub"),
}
TIME = {"ko": "%m월 %d일 %H:%M", "en": "%Y-%m-%d %H:%M KST"}
TEST = Text(ko="알림 시험", en="test of alerts")
TEST_BODY = Text(
    ko="알림 채널을 시험하려고 보낸 메시지입니다. 이 메시지가 보이면 알림을 받을 수 있습니다.",
    en="This message tests the alert channel. If you can read it, alerts will arrive.",
)


@dataclass(frozen=True)
class Message:
    """What goes out; ``identifier`` is the same whenever the same alerts are sent again."""

    identifier: str
    subject: str
    text: str
    html: str
    document: Mapping[str, Any]
    moment: dt.datetime


@dataclass(frozen=True)
class Story:
    """What has happened to one source, feed or peer, however many alerts told it."""

    about: Source | Feed | Hub
    kind: str
    text: Text
    alerts: Sequence[Alert]

    @property
    def latest(self) -> Alert:
        return self.alerts[-1]


def compose(alerts: Iterable[Alert], language: str, identifier: str, now: dt.datetime) -> Message:
    """Return the message that tells these alerts, which come oldest first."""
    stories = stories_of(alerts)
    paragraphs = [paragraph(story, language, now) for story in stories[:LISTED]]
    count, unlisted = len(stories), len(stories) - LISTED
    subject = subject_of(stories, language)
    words = {
        "language": language,
        "subject": subject,
        "greeting": GREETING.format(count=count).in_language(language),
        "paragraphs": paragraphs,
        "unlisted": UNLISTED.format(count=unlisted).in_language(language) if unlisted > 0 else "",
    }
    document = {
        "type": "alerts",
        "timestamp": max(story.latest.at for story in stories).isoformat(),
        "data": {"subject": subject, "sources": [as_document(story) for story in stories]},
    }
    return Message(identifier, subject, as_text(words), render_to_string("ingest/alerts.html", words), document, now)


def compose_test(language: str, identifier: str, now: dt.datetime) -> Message:
    """Return the message that shows a channel to work."""
    subject, body = f"[{'데이터허브' if language == 'ko' else 'Data hub'}] {TEST.in_language(language)}", TEST_BODY
    words = {"language": language, "subject": subject, "greeting": body.in_language(language), "paragraphs": []}
    document = {"type": "test", "timestamp": now.isoformat(), "data": {"subject": subject, "text": body.as_dict()}}
    return Message(identifier, subject, as_text(words), render_to_string("ingest/alerts.html", words), document, now)


def stories_of(alerts: Iterable[Alert]) -> list[Story]:
    """Gather alerts by what they are about; what failed and recovered before anybody was told is one story."""
    told = groupby(sorted(alerts, key=lambda alert: (*place_of(alert), alert.pk)), place_of)
    stories = [story_of(list(group)) for _, group in told]
    return sorted(stories, key=lambda story: (list(KINDS).index(story.kind), story.latest.pk))


def place_of(alert: Alert) -> tuple[int, int, int]:
    return alert.source_id or 0, alert.feed_id or 0, alert.hub_id or 0


def story_of(alerts: list[Alert]) -> Story:
    latest = alerts[-1]
    troubles = [alert for alert in alerts if alert.kind != Alert.Kind.RECOVERED]
    if latest.kind != Alert.Kind.RECOVERED:
        return Story(latest.about, latest.kind, latest.text, alerts)
    if troubles:
        return Story(latest.about, "passed", PASSED.format(text=troubles[-1].text), alerts)
    return Story(latest.about, "recovered", WELL, alerts)


def subject_of(stories: Sequence[Story], language: str) -> str:
    first, others = stories[0], len(stories) - 1
    subject = SUBJECT.format(
        kind=KINDS[first.kind],
        title=title_of(first.about),
        others=OTHERS.format(count=others) if others else Text(),
    )
    words = " ".join(subject.in_language(language).split())
    return words if len(words) <= SUBJECT_LENGTH else f"{words[: SUBJECT_LENGTH - 1]}…"


def title_of(about: Source | Feed | Hub) -> Text:
    if isinstance(about, Source):
        return about.distribution.dataset.title or Text(ko=about.slug)
    return Text(ko=about.title or about.slug)


def rests_until(about: Source | Feed | Hub) -> dt.datetime | None:
    return about.next_at if isinstance(about, Hub) else about.backs_off_until


def paragraph(story: Story, language: str, now: dt.datetime) -> dict[str, Any]:
    """Return what is told of one source, feed or peer, worded."""
    count, again = len(story.alerts), rests_until(story.about)
    since, latest = (clock(alert.at, language) for alert in (story.alerts[0], story.latest))
    waits = story.kind in ("failed", "held") and again is not None and again > now
    return {
        "title": title_of(story.about).in_language(language),
        "slug": story.about.slug,
        "kind": KINDS[story.kind].in_language(language),
        "is_trouble": story.kind in ("failed", "held", "paused"),
        "when": latest if since == latest else f"{since} – {latest}",
        "text": story.text.in_language(language),
        "repeated": REPEATED.format(count=count).in_language(language) if count > 1 and story.kind != "passed" else "",
        "next": NEXT.format(at=clock(again, language)).in_language(language) if waits and again else "",
        "links": [(label.in_language(language), address) for label, address in links_of(story)],
    }


def clock(moment: dt.datetime, language: str) -> str:
    return timezone.localtime(moment).strftime(TIME[language])


def links_of(story: Story) -> list[tuple[Text, str]]:
    """Return the admin's pages of the run and of what it is about; none where the hub does not know its own address."""
    if not settings.BASE_URL:
        return []
    kind = type(story.about)
    pages = [(PAGES[kind], reverse(f"admin:ingest_{kind._meta.model_name}_change", args=[story.about.pk]))]
    if story.latest.run_id:
        pages.insert(0, (RUN, reverse("admin:ingest_run_change", args=[story.latest.run_id])))
    return [(label, f"{settings.BASE_URL}{page}") for label, page in pages]


def as_text(words: Mapping[str, Any]) -> str:
    """Return the message in plain lines."""
    lines = [words["greeting"]]
    for part in words["paragraphs"]:
        lines += [
            "",
            f"■ {part['title']} ({part['slug']}): {part['kind']}",
            f"  {part['when']} {part['repeated']}".rstrip(),
        ]
        lines += [f"  {line}" for line in (*part["text"].splitlines(), part["next"]) if line]
        lines += [f"  {label}: {address}" for label, address in part["links"]]
    return "\n".join([*lines, *(["", words["unlisted"]] if words.get("unlisted") else [])]) + "\n"


def as_document(story: Story) -> dict[str, Any]:
    """Return what a webhook is told of one source, feed or peer: ``of`` says which it is."""
    return {
        "of": type(story.about)._meta.model_name,
        "source": story.about.slug,
        "title": title_of(story.about).as_dict(),
        "kind": story.kind,
        "text": story.text.as_dict(),
        "since": story.alerts[0].at.isoformat(),
        "at": story.latest.at.isoformat(),
        "alerts": [alert.pk for alert in story.alerts],
        "run": story.latest.run_id,
        "links": [address for _, address in links_of(story)],
    }
