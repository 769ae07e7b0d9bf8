"""The columns of a platform's occurrences: what a message tells, what is worked out from it, and what of it is personal.

The class of a column (``personal_data``) decides who reads it: a grant names classes, an open recipe sees none of them.
"""

from catalog.records import Column, Geometry, Schema
from catalog.text import Text

OPERATOR, PLACE, WORDS, IMAGE, NUMBER = "operator", "exact-place", "free-text", "image-address", "identifier"


def column(name: str, type_: str, ko: str, en: str, *, told: tuple[str, str] = ("", ""), **rest: str | bool) -> Column:
    return Column(name, type_, Text(ko=ko, en=en), Text(ko=told[0], en=told[1]), **rest)


COLUMNS = (
    column("event_id", "string", "상황 코드", "Kind of event", required=True, standard_name="evtId"),
    column("sender", "string", "보낸 도시", "Sender", required=True, standard_name="sendCd"),
    column(
        "number", "string", "발생 번호", "Occurrence number",
        required=True, personal_data=NUMBER, standard_name="ocrNbr",
        told=("일시로 되어 있어 한 사건을 가리킵니다", "It is a moment and so points at one occurrence."),
    ),
    column("event_name", "string", "상황 이름", "Name of the event", code_list="event_rule",
           told=("대응 규칙의 이름", "By the mapping rule.")),
    column("service", "string", "연계서비스", "Linked service", code_list="linked_service"),
    column("grade", "string", "등급 코드", "Grade", code_list="event_grade", standard_name="evtGrad",
           told=("10 긴급, 20 일반", "10 urgent, 20 ordinary")),
    column("status", "string", "상태 코드", "Status", code_list="event_status", standard_name="ocrSts",
           told=("10 발생, 40 정보변경, 50 해제, 90 취소, 91 종료, 92 자동종료",
                 "10 occurred, 40 changed, 50 cleared, 90 cancelled, 91 ended, 92 ended by itself")),
    column("is_over", "boolean", "끝남", "Over", required=True),
    column("region_code", "string", "시군구 코드", "Municipality", code_list="region"),
    column("occurred_at", "datetime", "발생 일시", "Occurred", standard_name="ocrEvtTime"),
    column("responded_at", "datetime", "첫 대응 일시", "First response",
           told=("발생 뒤 처음으로 상태가 바뀐 일시", "When the status changed for the first time.")),
    column("ended_at", "datetime", "종료 일시", "Ended", standard_name="ocrEvtEndTime"),
    column("response_seconds", "integer", "대응 시간", "Time to respond", unit="s"),
    column("duration_seconds", "integer", "처리 시간", "Duration", unit="s"),
    column("longitude", "number", "경도", "Longitude", personal_data=PLACE, unit="deg"),
    column("latitude", "number", "위도", "Latitude", personal_data=PLACE, unit="deg"),
    column("height", "number", "높이", "Height", personal_data=PLACE, unit="m"),
    column("place", "string", "발생 장소", "Place", personal_data=PLACE, standard_name="ocrPlc"),
    column("content", "string", "상황 내용", "Content", personal_data=WORDS, standard_name="ocrEvtCn"),
    column("status_detail", "string", "상태 설명", "Words of the status", personal_data=WORDS),
    column("detail_code", "string", "세부 분류 코드", "Detail code", personal_data=WORDS, standard_name="ocrEvtDtlCd"),
    column("detail", "string", "세부 분류", "Detail", personal_data=WORDS),
    column("operator_id", "string", "담당자 아이디", "Operator", personal_data=OPERATOR, standard_name="ocrEvtUsrId"),
    column("operator_name", "string", "담당자 이름", "Operator's name", personal_data=OPERATOR,
           standard_name="ocrEvtUsrNm"),
    column("has_image", "boolean", "영상 있음", "Has images"),
    column("image_url", "string", "영상 주소", "Address of images", personal_data=IMAGE),
    column("image_send_type", "string", "영상 전송 방식", "How images are sent", personal_data=IMAGE),
    column("first_message_at", "datetime", "첫 수신 일시", "First received"),
    column("last_message_at", "datetime", "마지막 수신 일시", "Last received"),
)  # fmt: skip
ITEM_COLUMNS = ("image_url", "image_send_type")  # which rules fill
OWN_COLUMNS = frozenset(each.name for each in COLUMNS) - set(ITEM_COLUMNS)
SCHEMA = Schema(
    columns=COLUMNS,
    key=("event_id", "sender", "number"),
    geometry=Geometry(longitude="longitude", latitude="latitude"),
    time="occurred_at",
    sorted_by=("occurred_at",),
)
PERSONAL = tuple(each.name for each in COLUMNS if each.personal_data)
