"""The sandbox's integrated platform: it lets hubs in, takes their events, shows what it took, and misbehaves on demand.

Everything is kept in memory. An occurrence's message that comes a second time, word for word, is taken and marked.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from threading import Lock

from catalog.text import Text
from ingest.errors import IngestError, WireError
from ingest.platform.moments import write_moment
from ingest.platform.wire import Envelope, Event, open_body, read_auth, read_envelope, read_event, reply
from ingest.sandbox.messages import HTML_TYPE, JSON_TYPE, Answer, Delivery, Request, answer_json

AUTH_PATHS = ("/platform/api/getAuth.json", "/platform/auth.json", "/platform/linkHttp/auth.json")
EVENT_PATH = "/platform/linkHttp/recvEvent.json"
MOST_KEPT = 200_000
NO_KEY = Text(ko="인증키가 맞지 않습니다", en="the key is not right")
NO_SESSION = Text(ko="세션 키가 없거나 끝났습니다", en="the session key is unknown or has ended")
WRONG_TYPE = Text(ko="ocrEvtDtlCd 형식 오류 (시험)", en="a field is of the wrong type (on purpose)")
NOT_NOW = Text(ko="점검 중입니다 (시험)", en="closed for maintenance (on purpose)")
NO_SUCH_FAULT = Text(
    ko="'{name}' 고장은 없습니다. 쓸 수 있는 것: {allowed}", en="Unknown fault '{name}'; allowed: {allowed}"
)
BAD_SWITCH = Text(
    ko='JSON 객체를 보내십시오: {"fault": 이름 또는 null, "count": 횟수(선택)}',
    en='Send a JSON object: {"fault": name or null, "count": number (optional)}',
)


@dataclass
class PlatformDesk:
    """What the platform knows: sessions that are open, what it took, how often it was asked for a session, its fault."""

    cipher_key: str = ""
    cipher_text: str = "base64"
    sessions: set[str] = field(default_factory=set)
    asked: int = 0
    received: list[dict[str, object]] = field(default_factory=list)
    seen: set[tuple[object, ...]] = field(default_factory=set)
    fault: str = ""
    remaining: int | None = None
    lock: Lock = field(default_factory=Lock)

    def take_fault(self) -> str:
        """Return the fault that this answer gets, and count it."""
        with self.lock:
            name = self.fault
            if name and self.remaining is not None:
                self.remaining -= 1
                if self.remaining <= 0:
                    self.fault, self.remaining = "", None
            return name

    def switch(self, fault: str, count: int | None) -> None:
        with self.lock:
            self.fault, self.remaining = fault, count

    def open_session(self) -> str:
        with self.lock:
            self.asked += 1
            session = f"session-{self.asked:06d}"
            self.sessions.add(session)
            return session

    def keep(self, envelope: Envelope, event: Event) -> None:
        """Keep an event; one that said the same before is marked as told again."""
        told = envelope.send_code, envelope.requested_at, event
        with self.lock:
            row = describe(envelope, event) | {"number": len(self.received) + 1, "again": told in self.seen}
            self.seen.add(told)
            self.received.append(row)
            del self.received[:-MOST_KEPT]


def answer_platform(desk: PlatformDesk, key: str, request: Request) -> Answer:
    """Answer whatever is asked of the platform under ``/platform/``."""
    if request.path in PAGES:
        answers = PAGES[request.path]
        return answers[request.method](desk, request) if request.method in answers else told(4005, status=405)
    if request.path not in (*AUTH_PATHS, EVENT_PATH):
        return told(4004, status=404)
    if request.method != "POST":
        return told(4005, status=405)
    return give_session(desk, key, request) if request.path in AUTH_PATHS else take_event(desk, request)


def give_session(desk: PlatformDesk, key: str, request: Request) -> Answer:
    fault = PLATFORM_FAULTS[desk.take_fault()] if desk.fault in OF_SESSIONS else WELL
    if fault.answer is not None:
        return fault.answer(desk)
    try:
        envelope = read_envelope(request.content_type, request.body, request.headers)
        is_known = read_auth(envelope, desk.cipher_key, desk.cipher_text) == key
    except IngestError as error:
        return refuse(error)
    return told(2000, desk.open_session()) if is_known else told(4001, both(NO_KEY))


def take_event(desk: PlatformDesk, request: Request) -> Answer:
    fault = WELL if desk.fault in OF_SESSIONS else PLATFORM_FAULTS[desk.take_fault()]
    if fault.answer is not None and not fault.is_kept:
        return fault.answer(desk)
    try:
        envelope = read_envelope(request.content_type, request.body, request.headers)
        if envelope.secret not in desk.sessions or envelope.request_key != envelope.secret:
            return told(4001, both(NO_SESSION))
        event = read_event(envelope, open_body(envelope, desk.cipher_key, desk.cipher_text))
    except IngestError as error:
        return refuse(error)
    desk.keep(envelope, event)
    return fault.answer(desk) if fault.answer is not None else told(2000)


def describe(envelope: Envelope, event: Event) -> dict[str, object]:
    """Return an event as the page of what was received shows it."""
    shown = {name: value for name, value in asdict(event).items() if name not in ("warnings", "items", "number")}
    moments = {name: write_moment(getattr(event, name)) for name in ("occurred_at", "status_at", "ended_at")}
    return {
        **shown,
        **moments,
        "status": str(event.status),
        "occurrence": event.number,
        "items": dict(event.items),
        "warnings": [code for code, _text in event.warnings],
        "send_code": envelope.send_code,
        "receive_code": envelope.receive_code,
        "system_code": envelope.system_code,
        "requested_at": write_moment(envelope.requested_at),
        "is_encrypted": envelope.is_encrypted,
    }


def told(code: int, message: str = "", *, status: int = 200) -> Answer:
    return Answer(reply(code < 4000, code, message), JSON_TYPE, status)


def refuse(error: IngestError) -> Answer:
    return told(error.detail_code if isinstance(error, WireError) else 4000, both(error.text))


def both(text: Text) -> str:
    return f"{text.ko} / {text.en}"


@dataclass(frozen=True)
class PlatformFault:
    """A way to misbehave: what is answered instead, and whether the event is kept all the same."""

    sentence: Text
    answer: Callable[[PlatformDesk], Answer] | None = None
    is_kept: bool = False


def forget_sessions(desk: PlatformDesk) -> Answer:
    desk.sessions.clear()
    return told(4001, both(NO_SESSION))


def refuse_without_code(desk: PlatformDesk) -> Answer:
    document = {"startTag": "$DA", "endTag": "$DB", "finishTag": "$DF", "result": "1", "message": "4102 type mismatch"}
    return answer_json(document)


def instead(answer: Answer) -> Callable[[PlatformDesk], Answer]:
    return lambda desk: answer


def delivered(delivery: Delivery) -> Callable[[PlatformDesk], Answer]:
    return instead(replace(told(2000), delivery=delivery))


WELL = PlatformFault(Text(ko="고장 없음", en="Nothing is wrong."))
PLATFORM_FAULTS: Mapping[str, PlatformFault] = {
    "": WELL,
    "session-refused": PlatformFault(
        Text(ko="맞는 세션 키를 거절합니다.", en="Refuses a good session key."), instead(told(4001, both(NO_SESSION)))
    ),
    "sessions-forgotten": PlatformFault(
        Text(ko="준 세션 키를 모두 잊습니다.", en="Forgets all session keys."), forget_sessions
    ),
    "no-session": PlatformFault(
        Text(ko="맞는 인증키도 거절합니다.", en="Refuses the right key."), instead(told(4001, both(NO_KEY)))
    ),
    "empty-session": PlatformFault(
        Text(ko="인증에 성공했다면서 세션 키를 주지 않습니다.", en="Lets a hub in but gives no session key."),
        instead(told(2000)),
    ),
    "unavailable": PlatformFault(Text(ko="5003을 답합니다.", en="Answers 5003."), instead(told(5003, both(NOT_NOW)))),
    "too-many": PlatformFault(Text(ko="4209를 답합니다.", en="Answers 4209."), instead(told(4209))),
    "refused": PlatformFault(
        Text(ko="4102를 답합니다.", en="Answers 4102."), instead(told(4102, both(WRONG_TYPE)))
    ),
    "refused-in-words": PlatformFault(
        Text(ko="코드를 message에만 적어 거절합니다.", en="Refuses with the code in the message alone."),
        refuse_without_code,
    ),
    "exists": PlatformFault(
        Text(ko="받고도 4100(이미 있음)을 답합니다.", en="Keeps it and answers 4100, already there."),
        instead(told(4100)),
        is_kept=True,
    ),
    "garbage": PlatformFault(
        Text(ko="JSON이 아닌 것을 답합니다.", en="Answers what is no JSON."),
        instead(Answer("<html><body>점검중</body></html>".encode(), HTML_TYPE)),
    ),
    "error500": PlatformFault(
        Text(ko="HTTP 500을 답합니다.", en="Answers HTTP 500."), instead(Answer(b"<h1>500</h1>", HTML_TYPE, status=500))
    ),
    "half": PlatformFault(
        Text(ko="답의 절반만 보내고 끊습니다.", en="Sends half of its answer and hangs up."), delivered(Delivery.CUT)
    ),
    "hang-up": PlatformFault(
        Text(ko="답하지 않고 끊습니다.", en="Hangs up without an answer."), delivered(Delivery.NONE)
    ),
    "hang-up-after": PlatformFault(
        Text(ko="받아 두고 답 없이 끊습니다.", en="Keeps it and hangs up without an answer."),
        delivered(Delivery.NONE),
        is_kept=True,
    ),
    "hang": PlatformFault(
        Text(ko="받지 않고 오래 답하지 않습니다.", en="Does not answer for long, and keeps nothing."),
        delivered(Delivery.LATE),
    ),
    "late": PlatformFault(
        Text(ko="받아 두고 늦게 답합니다.", en="Keeps it and answers late."), delivered(Delivery.LATE), is_kept=True
    ),
}  # fmt: skip
OF_SESSIONS = ("no-session", "empty-session")


def show_received(desk: PlatformDesk, request: Request) -> Answer:
    with desk.lock:
        return answer_json(list(desk.received))


def forget_received(desk: PlatformDesk, request: Request) -> Answer:
    with desk.lock:
        desk.received.clear()
        desk.seen.clear()
    return answer_json([])


def show_desk(desk: PlatformDesk, request: Request) -> Answer:
    with desk.lock:
        return answer_json(
            {
                "received": len(desk.received),
                "sessions_asked": desk.asked,
                "fault": desk.fault or None,
                "remaining": desk.remaining,
                "faults": {name: fault.sentence.as_dict() for name, fault in PLATFORM_FAULTS.items() if name},
            }
        )


def switch_fault(desk: PlatformDesk, request: Request) -> Answer:
    try:
        told_switch = json.loads(request.body)
        fault, count = told_switch["fault"] or "", told_switch.get("count")
    except (ValueError, KeyError, TypeError, AttributeError):
        return answer_json({"error": BAD_SWITCH.as_dict()}, status=400)
    if fault not in PLATFORM_FAULTS or not (count is None or (isinstance(count, int) and count > 0)):
        allowed = ", ".join(name for name in PLATFORM_FAULTS if name)
        return answer_json({"error": NO_SUCH_FAULT.format(name=fault, allowed=allowed).as_dict()}, status=400)
    desk.switch(fault, count)
    return show_desk(desk, request)


PAGES: Mapping[str, Mapping[str, Callable[[PlatformDesk, Request], Answer]]] = {
    "/platform/received": {"GET": show_received, "DELETE": forget_received},
    "/platform/desk": {"GET": show_desk, "POST": switch_fault},
}
