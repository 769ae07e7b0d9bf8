"""What the body of a platform's message tells: one moment in the life of an occurrence, read and written.

Without who sent it, which occurrence it is and its status a message is refused, as nobody could tell what it is about.
All else that is wrong is left out or mended, and told in ``warnings``.
"""

import datetime as dt
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from catalog.text import Text
from ingest.errors import BadMessage, FieldInvalid, FieldMissing
from ingest.platform.envelope import EXTRA_FIELDS, HEADER_FIELDS, Envelope, is_length, read_count
from ingest.platform.json_text import UNWRITABLE, Json, clean, read_object, shown, text_of, with_known_names
from ingest.platform.moments import read_moment, write_moment
from ingest.platform.oddities import Oddity, odd

TAGS = {"startTag": "$DA", "endTag": "$DB", "finishTag": "$DF"}
DATA_FIELDS = (
    "evtId", "evtNm", "evtGrad", "ocrNbr", "ocrSts", "ocrLc", "ocrPlc", "ocrEvtCn", "ocrEvtTime", "ocrEvtSts",
    "ocrEvtStsUsr", "ocrEvtStsTime", "ocrEvtEndTime", "ocrEvtItemCnt", "ocrEvtItem", "ocrEvtDtl",
)  # fmt: skip
OTHER_NAMES = {"ocrEvtUsr": "ocrEvtStsUsr"}
INNER_FIELDS = (
    "crdntX", "crdntY", "crdntZ", "ocrEvtStsCd", "ocrEvtStsDtl", "ocrEvtUsrId", "ocrEvtUsrNm", "key", "val",
    "ocrEvtDtlCd", "ocrEvtDtlCdDtl",
)  # fmt: skip
LONGEST_NAME = 100
MOST_ITEMS = 1000
LONGITUDES, LATITUDES, HEIGHTS = (124.0, 132.0), (33.0, 39.0), (-10_000.0, 10_000.0)
NUMBER = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{0,20})?([eE][+-]?[0-9]{1,2})?")

A_NAME = Text(ko="글자 {most}자까지의 이름이나 번호", en="a name or number of up to {most} characters")
FEWER_ITEMS = Text(ko="{most}개까지의 항목", en="up to {most} items")
AN_EVENT = Text(ko="EVENT 또는 PREEVT", en="EVENT or PREEVT")


class Status(StrEnum):
    """What has become of an occurrence; 92 is what some platforms say where others say 91."""

    OCCURRED = "10"
    CHANGED = "40"
    CLEARED = "50"
    CANCELLED = "90"
    COMPLETED = "91"
    ENDED = "92"


STATUS_NAMES = {
    Status.OCCURRED: Text(ko="발생", en="occurred"),
    Status.CHANGED: Text(ko="정보변경", en="information changed"),
    Status.CLEARED: Text(ko="해제", en="cleared"),
    Status.CANCELLED: Text(ko="취소", en="cancelled"),
    Status.COMPLETED: Text(ko="종료", en="completed"),
    Status.ENDED: Text(ko="자동종료", en="ended by itself"),
}
GRADE_NAMES = {"10": Text(ko="긴급", en="urgent"), "20": Text(ko="일반", en="ordinary")}


@dataclass(frozen=True)
class Event:
    """What a message tells; texts are empty and moments and numbers None where it tells nothing.

    ``number`` is text even where it looks like a moment. What is personal or a place does not show in its ``repr``.
    """

    event_id: str
    number: str
    status: Status
    event_name: str = ""
    grade: str = ""
    longitude: float | None = field(default=None, repr=False)
    latitude: float | None = field(default=None, repr=False)
    height: float | None = field(default=None, repr=False)
    place: str = field(default="", repr=False)
    content: str = field(default="", repr=False)
    occurred_at: dt.datetime | None = None
    status_at: dt.datetime | None = None
    ended_at: dt.datetime | None = None
    status_code: str = ""
    status_detail: str = field(default="", repr=False)
    operator_id: str = field(default="", repr=False)
    operator_name: str = field(default="", repr=False)
    items: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    detail_code: str = field(default="", repr=False)  # a code, but also seen: free text
    detail: str = field(default="", repr=False)
    warnings: tuple[Oddity, ...] = ()


def read_event(envelope: Envelope, body: Mapping[str, Json]) -> Event:
    """Return what an opened body tells."""
    if envelope.service_type == "AUTH":
        raise FieldInvalid(field="svcTy", value=envelope.service_type, allowed=AN_EVENT)
    require_name("sendCd", envelope.send_code)
    fields = Fields(with_known_names(body, (*TAGS, *DATA_FIELDS, *OTHER_NAMES)), list(envelope.warnings))
    for other, name in OTHER_NAMES.items():
        if not fields.told.get(name):
            fields.told[name] = fields.told.get(other)
    event_id, number = fields.name("evtId"), fields.name("ocrNbr")
    status = read_status(fields.name("ocrSts"))
    check_counts(envelope, body, fields)
    grade = fields.text("evtGrad")
    if grade and grade not in GRADE_NAMES:
        fields.oddities.append(odd("unknown-grade", value=shown(grade)))
    location, state = fields.inner("ocrLc"), fields.inner("ocrEvtSts")
    operator, detail = fields.inner("ocrEvtStsUsr"), fields.inner("ocrEvtDtl")
    longitude, latitude = read_place(location)
    return Event(
        event_id=event_id,
        number=number,
        status=status,
        event_name=fields.text("evtNm"),
        grade=grade,
        longitude=longitude,
        latitude=latitude,
        height=read_height(location),
        place=fields.text("ocrPlc"),
        content=fields.text("ocrEvtCn"),
        occurred_at=fields.moment("ocrEvtTime"),
        status_at=fields.moment("ocrEvtStsTime"),
        ended_at=fields.moment("ocrEvtEndTime"),
        status_code=state.text("ocrEvtStsCd"),
        status_detail=state.text("ocrEvtStsDtl"),
        operator_id=operator.text("ocrEvtUsrId"),
        operator_name=operator.text("ocrEvtUsrNm"),
        items=read_items(fields),
        detail_code=detail.text("ocrEvtDtlCd"),
        detail=detail.text("ocrEvtDtlCdDtl"),
        warnings=tuple(dict.fromkeys(fields.oddities)),
    )


def write_event(event: Event) -> dict[str, Json]:
    """Return the body that tells an event; its warnings are not told."""
    return {
        **TAGS,
        "evtId": event.event_id,
        "evtNm": event.event_name,
        "evtGrad": event.grade,
        "ocrNbr": event.number,
        "ocrSts": str(event.status),
        "ocrLc": {
            name: "" if number is None else repr(number)
            for name, number in (("crdntX", event.longitude), ("crdntY", event.latitude), ("crdntZ", event.height))
        },
        "ocrPlc": event.place,
        "ocrEvtCn": event.content,
        "ocrEvtTime": write_moment(event.occurred_at),
        "ocrEvtSts": {"ocrEvtStsCd": event.status_code, "ocrEvtStsDtl": event.status_detail},
        "ocrEvtStsUsr": {"ocrEvtUsrId": event.operator_id, "ocrEvtUsrNm": event.operator_name},
        "ocrEvtStsTime": write_moment(event.status_at),
        "ocrEvtEndTime": write_moment(event.ended_at),
        "ocrEvtItemCnt": str(len(event.items)),
        "ocrEvtItem": [{"key": key, "val": value} for key, value in event.items],
        "ocrEvtDtl": {"ocrEvtDtlCd": event.detail_code, "ocrEvtDtlCdDtl": event.detail},
    }


@dataclass
class Fields:
    """The fields of a body while they are read, and what was odd about them."""

    told: dict[str, Json]
    oddities: list[Oddity]

    def text(self, name: str) -> str:
        told = text_of(self.told.get(name))
        if told is None:
            self.oddities.append(odd("wrong-type", field=name))
            return ""
        kept = clean(told)
        if kept != told:
            self.oddities.append(odd("bad-characters", field=name))
        return kept.strip()

    def name(self, name: str) -> str:
        """Return what identifies an occurrence, which must be there and cannot be mended."""
        value = self.told.get(name)
        told = text_of(value)
        if told is None:
            raise FieldInvalid(field=name, value=type(value).__name__, allowed=A_NAME.format(most=LONGEST_NAME))
        return require_name(name, told.strip())

    def moment(self, name: str) -> dt.datetime | None:
        moment, oddities = read_moment(self.text(name), name)
        self.oddities += oddities
        return moment

    def inner(self, name: str) -> "Fields":
        """Return the fields within one, which may itself be JSON text."""
        return Fields(as_object(self.told.get(name), name, self.oddities), self.oddities)


def require_name(name: str, told: str) -> str:
    if not told:
        raise FieldMissing(field=name)
    if len(told) > LONGEST_NAME or UNWRITABLE.search(told) or "�" in told or not told.isprintable():
        raise FieldInvalid(field=name, value=shown(told), allowed=A_NAME.format(most=LONGEST_NAME))
    return told


def read_status(told: str) -> Status:
    try:
        return Status(told)
    except ValueError as error:
        allowed = [f"{status} {STATUS_NAMES[status].ko}" for status in Status]
        raise FieldInvalid(field="ocrSts", value=shown(told), allowed=allowed) from error


def as_object(value: Json, name: str, oddities: list[Oddity]) -> dict[str, Json]:
    try:
        if isinstance(value, str) and value.strip():
            value = read_object(value)
        if isinstance(value, dict):
            return with_known_names(value, INNER_FIELDS)
    except BadMessage:
        value = True
    if value:
        oddities.append(odd("wrong-type", field=name))
    return {}


def read_items(fields: Fields) -> tuple[tuple[str, str], ...]:
    """Return the items by key; values that are no texts stay the JSON that they are."""
    told = fields.told.get("ocrEvtItem")
    if isinstance(told, str) and told.strip():
        told = as_list(told)
    entries: list[Json] = [told] if isinstance(told, dict) else told if isinstance(told, list) else []
    if len(entries) > MOST_ITEMS:
        raise FieldInvalid(field="ocrEvtItem", value=len(entries), allowed=FEWER_ITEMS.format(most=MOST_ITEMS))
    if told and not isinstance(told, (dict, list)):
        fields.oddities.append(odd("wrong-type", field="ocrEvtItem"))
    items = []
    for entry in entries:
        inner = Fields(as_object(entry, "ocrEvtItem", fields.oddities), fields.oddities)
        value = inner.told.get("val")
        if isinstance(value, (dict, list, bool)):
            inner.told["val"] = json.dumps(value, ensure_ascii=False)
        if key := inner.text("key"):
            items.append((key, inner.text("val")))
        else:
            fields.oddities.append(odd("wrong-type", field="ocrEvtItem"))
    count, oddities = read_count({"ocrEvtItemCnt": fields.text("ocrEvtItemCnt")}, "ocrEvtItemCnt")
    fields.oddities += oddities
    if count is not None and count != len(entries):
        fields.oddities.append(odd("wrong-count", field="ocrEvtItemCnt", told=count, found=len(entries)))
    return tuple(items)


def as_list(told: str) -> Json:
    """Return the list or object that a JSON text is; the text itself where it is none."""
    try:
        return read_object(f'{{"items":{told}}}')["items"]
    except BadMessage:
        return told


def read_place(location: Fields) -> tuple[float | None, float | None]:
    """Return longitude and latitude, put right where they were swapped; None where they are no place in Korea."""
    told = location.text("crdntX"), location.text("crdntY")
    if not any(told):
        return None, None
    first, second = (read_number(text) for text in told)
    if first is None or second is None:
        code = "no-place"
    elif is_within(first, LONGITUDES) and is_within(second, LATITUDES):
        return first, second
    elif is_within(second, LONGITUDES) and is_within(first, LATITUDES):
        location.oddities.append(odd("swapped"))
        return second, first
    else:
        code = "outside-korea" if first and second else "zero-place"
    location.oddities.append(odd(code))
    return None, None


def read_height(location: Fields) -> float | None:
    told = location.text("crdntZ")
    height = read_number(told)
    if told and (height is None or not is_within(height, HEIGHTS)):
        location.oddities.append(odd("no-number", field="crdntZ"))
        return None
    return height


def read_number(told: str) -> float | None:
    return float(told) if NUMBER.fullmatch(told) else None


def is_within(number: float, bounds: tuple[float, float]) -> bool:
    return bounds[0] <= number <= bounds[1]


def check_counts(envelope: Envelope, body: Mapping[str, Json], fields: Fields) -> None:
    """Note lengths, counts and tags that are not what they should be.

    hdCnt and dtCnt count the fields that are there or, as the constants 14 and 16 that platforms send, those that the
    protocol has; whether tags and ``callBack`` are counted is not told anywhere. A ciphertext is longer than its text.
    """
    told = envelope.body_length
    found = len(envelope.body.encode("utf-8", "replace"))
    is_right = told is None or is_length(told, envelope.body)
    if not is_right and not (envelope.is_encrypted and found // 2 - 16 < told < found):
        fields.oddities.append(odd("wrong-length", told=told, found=found))
    sent = sum(name not in EXTRA_FIELDS for name in envelope.header)
    for name, fitting in (
        ("hdCnt", (sent, len(envelope.header), len(HEADER_FIELDS))),
        ("dtCnt", (sum(name not in TAGS for name in body), len(body), len(DATA_FIELDS))),
    ):
        count, oddities = read_count(envelope.header, name)
        fields.oddities += oddities
        if count is not None and count not in fitting:
            fields.oddities.append(odd("wrong-count", field=name, told=count, found=fitting[0]))
    fields.oddities += [
        odd("wrong-tag", field=tag, right=right) for tag, right in TAGS.items() if fields.text(tag) != right
    ]
