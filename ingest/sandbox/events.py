"""Emergencies of the city as its integrated platform would tell them: the five linkage services, each from 발생 to its end.

All of it is drawn from a seed, people and plates are made up. ``tell`` writes an event as a message, and the table of
misdeeds does to messages what platforms do.
"""

import datetime as dt
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, urlencode

from ingest.platform.wire import STATUS_NAMES, Cipher, Event, Posting, Status, write_envelope
from ingest.sandbox.city import DISTRICTS, PLACES, ROADS, draw, pick, point_in

CODE = "B4400000000"
SYSTEM = "IPC"
AT_ONCE = 16  # occurrences that are going on at the same time
OTHER_SENTENCES = ("순찰차 도착", "현장 확인 중", "구급차 배치", "인근 CCTV 영상 확인", "신고자와 통화함")
OPERATORS = (("op01", "한가람"), ("op02", "박누리"), ("op03", "이다솜"), ("op04", "최미르"), ("op05", "정아라"))
ENDS = (Status.CLEARED, Status.COMPLETED, Status.COMPLETED, Status.COMPLETED, Status.CANCELLED)
JSON_TYPE = "application/json"


@dataclass(frozen=True)
class Kind:
    """A kind of event: its code and name, what it may be about, and the items that come with it."""

    event_id: str
    name: str
    details: tuple[tuple[str, str], ...]
    contents: tuple[str, ...]
    items: tuple[str, ...]


KINDS = (
    Kind(
        "112UC001", "112센터 긴급영상", (("01", "폭력"), ("02", "절도")),
        ("편의점 앞 다툼 신고, 영상 요청", "차량 {plate} 뒤 사람 쓰러짐, 영상 요청"), ("IMAGE_SEND_TY_CD", "IMAGE_URL"),
    ),
    Kind(
        "112UC120", "112 긴급출동", (("01", "침입"), ("03", "교통사고")),
        ("차량 {plate} 도주 신고", "주택 침입 신고, 신고자 {caller}"), ("CAR_NO", "IMAGE_URL"),
    ),
    Kind(
        "119UC001", "119 긴급출동", (("10", "화재"), ("11", "구급")),
        ("상가 2층 연기 신고", "{caller} 호흡 곤란, 구급 요청"), ("DISPATCH_CNT", "IMAGE_URL"),
    ),
    Kind(
        "DUCDP110", "재난정보 긴급지원", (("20", "침수"), ("21", "산불")),
        ("하천 수위 상승, 산책로 통제", "야산 연기 발생, 주민 대피 안내"), ("LEVEL", "CCTV_ID"),
    ),
    Kind(
        "MOJUC110", "전자발찌 위치추적", (("접근금지침입", "접근금지 구역 침입"), ("보호관찰", "외출 제한 위반")),
        ("접근금지구역 침입", "피해자 {caller} 보호 요청"), ("IMAGE_SEND_TY_CD", "IMAGE_URL"),
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Telling:
    """How a platform writes: its codes and key, its cipher, as a form or as JSON, in how many parts."""

    key: str = ""
    cipher: Cipher | None = None
    form: bool = False
    parts: int = 1
    send_code: str = CODE
    receive_code: str = CODE


@dataclass(frozen=True)
class Message:
    """One message as it is POSTed, in order; ``misdeed`` is what was done to it, "" when nothing was."""

    event: Event
    postings: tuple[Posting, ...]
    misdeed: str = ""


def occurrence(seed: int, number: int, began: dt.datetime) -> tuple[Event, ...]:
    """Return the life of an occurrence, from 발생 by a few changes to its end."""
    kind, district = pick(KINDS, draw(seed, "kind", number)), pick(DISTRICTS, draw(seed, "where", number))
    longitude, latitude = point_in(district, seed, "event", number)
    detail_code, detail = pick(kind.details, draw(seed, "detail", number))
    place = f"{district.name} {pick(ROADS, draw(seed, 'road', number))} {pick(PLACES, draw(seed, 'place', number))} 앞"
    first = Event(
        event_id=kind.event_id,
        number=f"{began:%Y%m%d%H%M%S}{began.microsecond // 1000:03d}",
        status=Status.OCCURRED,
        event_name=kind.name,
        grade="10" if draw(seed, "grade", number) < 0.7 else "20",
        longitude=round(longitude, 6),
        latitude=round(latitude, 6),
        height=0.0,
        place=place,
        content=pick(kind.contents, draw(seed, "content", number)).format(
            plate=plate(seed, number), caller=pick(OPERATORS, draw(seed, "caller", number))[1]
        ),
        occurred_at=began,
        items=tuple((key, item(seed, key, number)) for key in kind.items),
        detail_code=detail_code,
        detail=detail,
    )
    changes = int(4 * draw(seed, "changes", number))
    statuses = (Status.OCCURRED, *[Status.CHANGED] * changes, pick(ENDS, draw(seed, "end", number)))
    return tuple(step(first, seed, number, at, status) for at, status in enumerate(statuses))


def step(first: Event, seed: int, number: int, at: int, status: Status) -> Event:
    """Return what is told at one step of an occurrence's life; only the last one tells its end."""
    assert first.occurred_at is not None
    told_at = first.occurred_at + dt.timedelta(seconds=at * (40 + int(500 * draw(seed, "pace", number))))
    operator_id, operator_name = pick(OPERATORS, draw(seed, "operator", number, at))
    changed = {"content": pick(OTHER_SENTENCES, draw(seed, "sentence", number, at))} if status == Status.CHANGED else {}
    return replace(
        first,
        status=status,
        status_at=told_at,
        ended_at=told_at if status not in (Status.OCCURRED, Status.CHANGED) else None,
        status_code=str(status),
        status_detail=STATUS_NAMES[status].ko,
        operator_id=operator_id,
        operator_name=operator_name,
        **changed,
    )


def plate(seed: int, number: int) -> str:
    letters = "가나다라마거너더러머버서어저"
    return f"{10 + int(90 * draw(seed, 'plate', number))}{pick(letters, draw(seed, 'letter', number))}{int(1e4 * draw(seed, 'digits', number)):04d}"


def item(seed: int, key: str, number: int) -> str:
    match key:
        case "IMAGE_URL":
            return f"rtsp://10.44.{int(250 * draw(seed, 'camera', number))}.7/live/{number % 1204}"
        case "IMAGE_SEND_TY_CD":
            return pick(("FTP", "RTSP"), draw(seed, "send", number))
        case "CAR_NO":
            return plate(seed, number)
        case "CCTV_ID":
            return f"HB-{number % 1204:04d}"
    return f"{1 + 5 * draw(seed, key, number):.1f}"


def stream(seed: int, began: dt.datetime, *, first: int = 0, every: int = 1) -> Iterator[Event]:
    """Yield events without end, those of an occurrence in their order and between them those of others.

    Several streams of one seed tell different occurrences when each has another ``first`` below ``every``.
    """
    number = first
    lives: list[list[Event]] = []
    for turn in range(10**12):
        while len(lives) < AT_ONCE:
            lives.append(list(occurrence(seed, number, began + number * dt.timedelta(milliseconds=1))))
            number += every
        chosen = lives[int(AT_ONCE * draw(seed, "turn", first, turn))]
        yield chosen.pop(0)
        lives = [life for life in lives if life]


def tell(event: Event, telling: Telling) -> Message:
    """Write an event as the platform sends it."""
    posting = write_envelope(
        event,
        send_code=telling.send_code,
        receive_code=telling.receive_code,
        system_code=SYSTEM,
        request_key=telling.key,
        requested_at=event.status_at or dt.datetime.now(dt.UTC),
        cipher=telling.cipher,
        form=telling.form,
    )
    return Message(event, in_parts(posting, telling.parts) if telling.parts > 1 else (posting,))


def in_parts(posting: Posting, parts: int) -> tuple[Posting, ...]:
    """Cut the body of a message into parts, each of them a message of its own."""
    fields = fields_of(posting)
    name = "Body" if "Body" in fields else "body"
    body = fields[name] if isinstance(fields[name], str) else compact(fields[name])
    size = -(-len(body) // parts)
    return tuple(
        with_fields(
            posting,
            fields
            | {
                "apSeq": {"apCurrent": str(part + 1), "apTotal": str(parts)},
                name: body[part * size : (part + 1) * size],
                "bodyLen": str(len(body[part * size : (part + 1) * size].encode())),
            },
        )
        for part in range(parts)
    )


def misbehave(message: Message, misdeed: str) -> Message:
    return replace(message, postings=MISDEEDS[misdeed](message.postings), misdeed=misdeed)


Postings = tuple[Posting, ...]


def changed_fields(**told: str) -> Callable[[Postings], Postings]:
    return lambda postings: tuple(with_fields(one, fields_of(one) | told) for one in postings)


def changed_body(**told: str) -> Callable[[Postings], Postings]:
    """Return what changes fields of the event; a body that is encrypted or cut stays as it is."""

    def change(postings: Postings) -> Postings:
        return tuple(changed_in_body(one, told) for one in postings)

    return change


def changed_in_body(posting: Posting, told: Mapping[str, str]) -> Posting:
    fields = fields_of(posting)
    name = "Body" if "Body" in fields else "body"
    body = fields[name]
    if isinstance(body, str):
        if not (body.startswith("{") and body.endswith("}")):
            return posting
        fields[name] = compact(json.loads(body) | told)
    else:
        fields[name] = body | told
    return with_fields(posting, fields)


def cut(postings: Postings) -> Postings:
    return tuple(replace(one, content=one.content[: len(one.content) * 2 // 3]) for one in postings)


def with_wrong_key(postings: Postings) -> Postings:
    return tuple(
        replace(one, headers={**one.headers, "X-Scsns-Secret": "wrong"})
        for one in changed_fields(rrKey="wrong")(postings)
    )


MISDEEDS: Mapping[str, Callable[[Postings], Postings]] = {
    "twice": lambda postings: postings * 2,
    "wrong-length": changed_fields(bodyLen="7"),
    "wrong-count": changed_fields(hdCnt="99"),
    "wrong-date": changed_body(ocrEvtStsTime="20261332999999"),
    "unknown-kind": changed_body(evtId="UNKNOWN7"),
    "cut": cut,
    "wrong-key": with_wrong_key,
}


def fields_of(posting: Posting) -> dict[str, object]:
    if posting.content_type == JSON_TYPE:
        return json.loads(posting.content)
    return dict(parse_qsl(posting.content.decode(), keep_blank_values=True))


def with_fields(posting: Posting, fields: Mapping[str, object]) -> Posting:
    if posting.content_type == JSON_TYPE:
        return replace(posting, content=compact(fields).encode())
    told = {name: value if isinstance(value, str) else compact(value) for name, value in fields.items()}
    return replace(posting, content=urlencode(told).encode())


def compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
