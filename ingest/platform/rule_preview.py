"""What a rule would do to the messages that are stored, without doing it; no content of a message is told."""

from collections import Counter
from dataclasses import dataclass, field

from catalog.errors import HubError
from ingest.models import EventRule, PlatformMessage
from ingest.platform.reading import Readable, cipher_of
from ingest.platform.rules import choose_rule, fits, precision
from ingest.platform.wire import open_body, read_envelope, read_event

LOOKED = 200  # messages, the latest of each platform concerned


@dataclass
class RulePreview:
    """How many messages were looked at, fall under the rule, or under a more specific one; how often each item comes."""

    looked: int = 0
    taken: int = 0
    lost: int = 0
    items: Counter[str] = field(default_factory=Counter)


def preview_rule(rule: EventRule) -> RulePreview:
    """Read the latest messages anew and tell which of them a rule would take, as if it were saved and enabled."""
    seen = RulePreview()
    stored = PlatformMessage.objects.exclude(state=PlatformMessage.State.DUPLICATE).select_related("platform")
    if rule.platform_id:
        stored = stored.filter(platform_id=rule.platform_id)
    readables: dict[int, Readable] = {}
    for message in stored.order_by("-pk")[:LOOKED]:
        seen.looked += 1
        if message.platform_id not in readables:
            readables[message.platform_id] = Readable(message.platform)
        readable = readables[message.platform_id]
        try:
            envelope = read_envelope(message.content_type, message.content, message.headers)
            event = read_event(envelope, open_body(envelope, *cipher_of(envelope, readable)))
        except HubError:  # what cannot be read falls under no rule; its own page says why
            continue
        if not (fits(rule.event_id, event.event_id) and fits(rule.detail_code, event.detail_code)):
            continue
        others = [one for one in readable.rules if one.pk != rule.pk]
        chosen = choose_rule(sorted([*others, rule], key=precision, reverse=True), event.event_id, event.detail_code)
        if chosen is rule:
            seen.taken += 1
            seen.items.update(dict(event.items).keys())
        else:
            seen.lost += 1
    return seen
