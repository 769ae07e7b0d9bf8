"""Ten thousand damaged messages through the door and into the database: never a fault, and the receiver goes on."""

import json
import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.test import RequestFactory
from messages_of_platform import make_platform, message, send, take
from test_platform_wire import BODY, FORM, HEADER, JSON, as_form
from test_platform_wire_fuzz import WAYS

from ingest.models import Occurrence, PlatformMessage
from ingest.platform.door import receive_event
from ingest.platform.known import REGISTER, known_platforms
from ingest.secret_store import save_secret

MESSAGES = 10_000
PIECE = 2_000
THREADS = 16


def damage(chance: random.Random, whole: dict[str, bytes]) -> tuple[str, bytes]:
    media_type = chance.choice((JSON, FORM))
    return media_type, chance.choice(WAYS)(chance, media_type, whole[media_type])


@pytest.mark.django_db
def test_damaged_messages_are_answered_kept_and_each_has_a_state():
    save_secret("cipher", "열쇠")
    _, key = make_platform(cipher_secret="cipher")
    chance, requests = random.Random(20261123), RequestFactory()
    whole = {JSON: json.dumps({**HEADER, "body": BODY}, ensure_ascii=False).encode(), FORM: as_form()}
    results: Counter[tuple[int, str]] = Counter()

    def post(damaged: tuple[str, bytes]) -> tuple[int, dict[str, str]]:
        media_type, content = damaged
        request = requests.post("/platform/events", content, content_type=media_type, headers={"X-Scsns-Secret": key})
        answer = receive_event(request)
        return answer.status_code, json.loads(answer.content)

    known_platforms()
    with ThreadPoolExecutor(THREADS) as threads:  # as the web server has them; they sync together
        for _ in range(0, MESSAGES, PIECE):
            REGISTER.believed_until = time.monotonic() + 600  # no thread has to ask the database of this test
            damaged = [damage(chance, whole) for _ in range(PIECE)]
            for status, told in threads.map(post, damaged):
                results[status, told["result"]] += 1
                assert told["result"] == "0" or told["message"]
            take()
    assert set(results) <= {(200, "0"), (200, "1"), (413, "1")}
    states = Counter(PlatformMessage.objects.values_list("state", flat=True))
    assert "hub-error" not in states
    assert set(states) >= {"processed", "unreadable", "undecipherable", "duplicate"}
    assert sum(states.values()) > 0.95 * MESSAGES
    for reason_ko, reason_en in PlatformMessage.objects.filter(state="unreadable").values_list(
        "reason_ko", "reason_en"
    ):
        assert reason_ko
        assert reason_en
    before = Occurrence.objects.count()
    assert send(message(), key)["result"] == "0"
    assert take() == 1
    assert Occurrence.objects.count() == before + 1
