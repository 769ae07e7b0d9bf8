"""Why a record is refused: one row per reason, with the sentence a steward hands back to the platform's operator."""

from collections.abc import Mapping

from catalog.text import Text

REASONS: Mapping[str, Text] = {
    "not-text": Text(ko="글자가 아닌 값이 들어 있습니다: '{value}'", en="holds what is no text: '{value}'"),
    "not-integer": Text(ko="정수가 아닙니다: '{value}'", en="not a whole number: '{value}'"),
    "not-number": Text(ko="수가 아닙니다: '{value}'", en="not a number: '{value}'"),
    "not-boolean": Text(ko="예/아니오 값이 아닙니다: '{value}'", en="neither yes nor no: '{value}'"),
    "not-date": Text(ko="달력에 있는 날짜가 아닙니다: '{value}'", en="not a date of the calendar: '{value}'"),
    "not-datetime": Text(ko="일시로 읽을 수 없습니다: '{value}'", en="not a date and time: '{value}'"),
    "not-time": Text(ko="시각(HH:MM)이 아닙니다: '{value}'", en="not a time of day (HH:MM): '{value}'"),
    "not-geometry": Text(ko="GeoJSON 도형이 아닙니다", en="not a GeoJSON geometry"),
    "missing-value": Text(ko="꼭 있어야 할 값이 비어 있습니다", en="a required value is missing"),
    "not-in-list": Text(ko="허용된 값이 아닙니다: '{value}'", en="not one of the allowed values: '{value}'"),
    "below-minimum": Text(ko="최솟값보다 작습니다: '{value}'", en="below the minimum: '{value}'"),
    "above-maximum": Text(ko="최댓값보다 큽니다: '{value}'", en="above the maximum: '{value}'"),
    "half-coordinate": Text(ko="위도와 경도 가운데 하나만 있습니다", en="only one of latitude and longitude is given"),
    "swapped-coordinates": Text(
        ko="위도와 경도가 서로 바뀌었습니다: '{value}'", en="latitude and longitude are swapped: '{value}'"
    ),
    "outside-area": Text(ko="좌표가 대한민국 밖입니다: '{value}'", en="the place lies outside Korea: '{value}'"),
    "outside-region": Text(
        ko="좌표가 이 자료의 지역 밖입니다: '{value}'", en="the place lies outside the region of the data: '{value}'"
    ),
    "no-place": Text(ko="지구 위의 좌표가 아닙니다: '{value}'", en="no place on Earth: '{value}'"),
    "duplicate-key": Text(
        ko="키가 같은 레코드가 이미 있습니다: '{value}'", en="a record with this key came before: '{value}'"
    ),
    "too-many-fields": Text(ko="머리글보다 칸이 많습니다", en="the row has more fields than the header"),
    "too-few-fields": Text(ko="머리글보다 칸이 적습니다", en="the row has fewer fields than the header"),
    "unreadable-message": Text(
        ko="받은 메시지를 설정된 형식으로 읽을 수 없습니다",
        en="the message received is not in the form that it should have",
    ),
}


def explain(code: str, value: str = "") -> Text:
    """Return the sentence of a reason with the refused value filled in."""
    return REASONS[code].format(value=value)
