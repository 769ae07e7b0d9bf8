"""What may be odd about a platform's message that is taken all the same, each with its sentence.

The sentences hold no coordinates, texts or names of people: they are kept longer than the message that they are about.
"""

from catalog.text import Text

Oddity = tuple[str, Text]

SENTENCES: dict[str, Text] = {
    "header-differs": Text(
        ko="HTTP 헤더 X-Scsns-{field}의 값이 메시지의 '{field}' 값과 달라 메시지의 값을 씁니다.",
        en="The HTTP header X-Scsns-{field} says something else than the field '{field}' of the message, which counts.",
    ),
    "no-service-type": Text(
        ko="'svcTy'가 없어 EVENT로 봅니다.", en="'svcTy' is missing; the message is read as an EVENT."
    ),
    "wrong-length": Text(
        ko="bodyLen은 {told}인데 본문은 {found}바이트입니다.", en="bodyLen says {told}, but the body has {found} bytes."
    ),
    "no-number": Text(ko="'{field}'의 값이 숫자가 아닙니다.", en="'{field}' is no number."),
    "wrong-count": Text(
        ko="'{field}'은(는) {told}인데 실제로는 {found}개입니다.", en="'{field}' says {told}, but there are {found}."
    ),
    "no-moment": Text(
        ko="'{field}'의 '{value}'은(는) 없는 날짜이거나 yyyyMMddHHmmss 형식이 아니어서 비워 둡니다.",
        en="'{value}' in '{field}' is a date that does not exist or is not written as yyyyMMddHHmmss; it is left out.",
    ),
    "other-form": Text(
        ko="'{field}'의 '{value}'은(는) yyyyMMddHHmmss 형식이 아니지만 읽었습니다.",
        en="'{value}' in '{field}' is not written as yyyyMMddHHmmss, but could be read.",
    ),
    "hour-24": Text(
        ko="'{field}'의 24시를 다음 날 0시로 읽었습니다.", en="24:00 in '{field}' is read as 00:00 of the next day."
    ),
    "swapped": Text(
        ko="경도(crdntX)와 위도(crdntY)가 서로 바뀌어 있어 바로잡았습니다.",
        en="Longitude (crdntX) and latitude (crdntY) were swapped and have been put right.",
    ),
    "zero-place": Text(ko="좌표가 0이어서 비워 둡니다.", en="The coordinates are zero; they are left out."),
    "outside-korea": Text(ko="좌표가 한국 밖이어서 비워 둡니다.", en="The coordinates are outside Korea; they are left out."),
    "no-place": Text(
        ko="좌표가 숫자가 아니거나 하나뿐이어서 비워 둡니다.",
        en="The coordinates are no numbers, or there is only one of them; they are left out.",
    ),
    "unknown-grade": Text(
        ko="evtGrad '{value}'은(는) 알려진 등급(10 긴급, 20 일반)이 아닙니다.",
        en="evtGrad '{value}' is no known grade (10 urgent, 20 ordinary).",
    ),
    "wrong-tag": Text(ko="'{field}'은(는) '{right}'이어야 합니다.", en="'{field}' should be '{right}'."),
    "wrong-type": Text(
        ko="'{field}'의 형식이 달라 비워 둡니다.", en="'{field}' is of another type than it should be; it is left out."
    ),
    "bad-characters": Text(
        ko="'{field}'에 쓸 수 없는 글자가 있어 �로 바꾸었습니다.",
        en="'{field}' has characters that cannot be stored; they are replaced by �.",
    ),
}  # fmt: skip


def odd(code: str, **values: object) -> Oddity:
    return code, SENTENCES[code].format(**values)
