"""Messages of integrated platforms as they are, as they should not be, and as the hub writes them."""

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote_from_bytes, unquote_to_bytes, urlencode
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.errors import BadMessage, FieldInvalid, FieldMissing, Undecipherable, UnknownEncoding, WrongMediaType
from ingest.platform.aria import Cipher, cipher_to_text, encrypt
from ingest.platform.moments import read_moment
from ingest.platform.wire import (
    DETAIL_CODES,
    LARGEST_MESSAGE,
    Event,
    Status,
    join_parts,
    open_body,
    read_auth,
    read_envelope,
    read_event,
    read_reply,
    reply,
    write_auth,
    write_envelope,
)

JSON, FORM = "application/json", "application/x-www-form-urlencoded"
SEOUL = ZoneInfo("Asia/Seoul")
SAMPLE = Path(__file__).parents[4] / "shared" / "data" / "korea" / "platform_event_mojuc110.json"

BODY = {
    "startTag": "$DA", "endTag": "$DB", "finishTag": "$DF", "evtId": "112UC120", "evtNm": "112 긴급출동",
    "evtGrad": "10", "ocrNbr": "20260301091500123", "ocrSts": "10",
    "ocrLc": {"crdntX": "127.0276", "crdntY": "37.4979", "crdntZ": "12.5"}, "ocrPlc": "가상로 1 앞",
    "ocrEvtCn": "지어낸 신고", "ocrEvtTime": "20260301091500",
    "ocrEvtSts": {"ocrEvtStsCd": "10", "ocrEvtStsDtl": "발생"},
    "ocrEvtStsUsr": {"ocrEvtUsrId": "op1", "ocrEvtUsrNm": "아무개"}, "ocrEvtStsTime": "20260301091501",
    "ocrEvtEndTime": "", "ocrEvtItemCnt": "1", "ocrEvtItem": [{"key": "IMAGE_URL", "val": "ftp://img.example/1"}],
    "ocrEvtDtl": {"ocrEvtDtlCd": "01", "ocrEvtDtlCdDtl": "폭행"},
}  # fmt: skip
HEADER = {
    "svcTy": "EVENT", "hdCnt": "14", "dtCnt": "16", "apSeq": {"apCurrent": "1", "apTotal": "1"}, "cmnMtd": "1",
    "sendCd": "B4113000000", "rcvCd": "B4113000000", "encAt": "N", "tranTy": "HTTP", "rrKey": "session-1",
    "reqDate": "20260301091502", "bodyLen": "", "sysCd": "IPC", "tranSysHis": [{"tranSysHis": "수원_IPC"}],
}  # fmt: skip
EVENT = Event(
    event_id="112UC120",
    number="20260301091500123",
    status=Status.OCCURRED,
    event_name="112 긴급출동",
    grade="10",
    longitude=127.0276,
    latitude=37.4979,
    height=12.5,
    place="가상로 1 앞",
    content="지어낸 신고",
    occurred_at=dt.datetime(2026, 3, 1, 9, 15, tzinfo=SEOUL),
    status_at=dt.datetime(2026, 3, 1, 9, 15, 1, tzinfo=SEOUL),
    status_code="10",
    status_detail="발생",
    operator_id="op1",
    operator_name="아무개",
    items=(("IMAGE_URL", "ftp://img.example/1"),),
    detail_code="01",
    detail="폭행",
)


def as_json(body=None, /, **header):
    return json.dumps({**HEADER, **header, "body": BODY if body is None else body}, ensure_ascii=False).encode()


def as_form(body=None, /, encoding="utf-8", **header):
    told = {
        name: value if isinstance(value, str) else json.dumps(value) for name, value in {**HEADER, **header}.items()
    }
    text = BODY if body is None else body
    told["Body"] = text if isinstance(text, str) else json.dumps(text, ensure_ascii=False)
    return urlencode(told, encoding=encoding).encode()


def unquoted(form):
    return unquote_to_bytes(form.replace(b"+", b" "))


def read(content, media_type=JSON, headers=None, key="", transport="base64"):
    envelope = read_envelope(media_type, content, headers or {})
    return read_event(envelope, open_body(envelope, key, transport))


def body_with(**fields):
    return {**BODY, **fields}


def codes(event):
    return [code for code, _ in event.warnings]


@pytest.mark.skipif(not SAMPLE.exists(), reason="the real sample lies beside the project")
def test_the_real_sample_is_read():
    envelope = read_envelope(JSON, SAMPLE.read_bytes(), {})
    event = read_event(envelope, open_body(envelope))
    assert (envelope.send_code, envelope.system_code, envelope.secret) == ("Siheung", "IPC", "rrKey")
    assert envelope.requested_at == dt.datetime(2021, 7, 1, 12, 0, 44, tzinfo=SEOUL)
    assert (event.event_id, event.number, event.status) == ("MOJUC110", "20210701111112", Status.OCCURRED)
    assert (event.longitude, event.latitude, event.height) == (126.16687, 35.9563, 0.0)
    assert event.operator_id == "user1"
    assert event.items == (("IMAGE_SEND_TY_CD", "FTP"), ("IMAGE_URL", "asdasd"))
    assert codes(event) == ["wrong-length"]


ENCODINGS = {
    "JSON": (JSON, as_json()),
    "JSON with its body as text": (JSON, as_json(json.dumps(BODY))),
    "JSON under Body": (f"{JSON};charset=UTF-8", as_json().replace(b'"body"', b'"Body"')),
    "JSON with a BOM": (JSON, b"\xef\xbb\xbf" + as_json()),
    "JSON in CP949": ("application/JSON", as_json().decode().encode("cp949")),
    "JSON in lines": (JSON, json.dumps({**HEADER, "body": BODY}, indent=2).encode()),
    "names in small letters": (JSON, as_json().replace(b'"evtId"', b'"evtid"').replace(b'"sendCd"', b'"SENDCD"')),
    "numbers instead of texts": (JSON, as_json(body_with(ocrNbr=20260301091500123, ocrSts=10, ocrEvtItemCnt=1))),
    "the operator's other name": (JSON, as_json().replace(b"ocrEvtStsUsr", b"ocrEvtUsr")),
    "a form": (FORM, as_form()),
    "a form in CP949": (FORM, as_form(encoding="cp949")),
    "a form with raw characters": (FORM, unquoted(as_form())),
    "a form with body in small letters": (FORM, as_form().replace(b"Body=", b"body=")),
    "inner objects as texts": (JSON, as_json(body_with(ocrLc=json.dumps(BODY["ocrLc"]), ocrEvtItem=json.dumps(BODY["ocrEvtItem"])))),
    "null where nothing is told": (JSON, as_json(body_with(ocrEvtEndTime=None))),
}  # fmt: skip


@pytest.mark.parametrize(("media_type", "content"), ENCODINGS.values(), ids=ENCODINGS)
def test_every_encoding_of_a_message_says_the_same(media_type, content):
    assert read(content, media_type) == EVENT


def test_fields_may_stand_in_http_headers_only():
    bare = json.dumps({"body": BODY}).encode()
    headers = {"X-SCSNS-SVCTY": "EVENT", "x-scsns-sendcd": "수원", "X-Scsns-Secret": "s3cret", "X-Scsns-encAt": "N"}
    envelope = read_envelope(JSON, bare, headers)
    assert (envelope.send_code, envelope.secret, envelope.service_type) == ("수원", "s3cret", "EVENT")
    assert envelope.warnings == ()
    assert read(bare, headers=headers) == EVENT


def test_the_message_counts_where_a_header_differs():
    event = read(as_json(), headers={"X-Scsns-sendCd": "B9999999999"})
    assert codes(event) == ["header-differs"]


def test_secrets_and_people_do_not_show():
    envelope = read_envelope(JSON, as_json(), {"X-Scsns-Secret": "s3cret"})
    shown = repr(envelope) + repr(EVENT)
    for hidden in ("s3cret", "session-1", "아무개", "가상로", "지어낸", "127.0276", "ftp://"):
        assert hidden not in shown


REFUSED = {
    "another media type": ("text/xml", as_json(), WrongMediaType, ""),
    "no media type": ("", as_json(), WrongMediaType, ""),
    "no JSON": (JSON, b"<event/>", BadMessage, ""),
    "nothing": (JSON, b"", BadMessage, ""),
    "a list": (JSON, b"[]", BadMessage, ""),
    "something behind it": (JSON, as_json() + b"{}", BadMessage, ""),
    "cut off": (JSON, as_json()[:-40], BadMessage, ""),
    "NaN": (JSON, b'{"a":NaN}', BadMessage, ""),
    "too deep": (JSON, b'{"a":' + b"[" * 20 + b"]" * 20 + b"}", BadMessage, ""),
    "far too deep": (JSON, b'{"a":' + b"[" * 100_000, BadMessage, ""),
    "too large": (JSON, b"{" + b" " * LARGEST_MESSAGE, BadMessage, ""),
    "too many fields": (FORM, b"a=1&" * 1000, BadMessage, ""),
    "too many members": (JSON, json.dumps({str(number): 1 for number in range(1000)}).encode(), BadMessage, ""),
    "a name twice": (JSON, b'{"sendCd":"A","sendCd":"B"}', BadMessage, ""),
    "a name twice in another case": (JSON, b'{"Body":"{}","body":"[]"}', BadMessage, ""),
    "a form's field twice": (FORM, b"sendCd=A&sendCd=B", BadMessage, ""),
    "neither UTF-8 nor CP949": (JSON, b'{"a":"\xff\xff"}', UnknownEncoding, ""),
    "a body that is a list": (JSON, as_json([]), BadMessage, ""),
    "no body": (JSON, json.dumps(HEADER).encode(), FieldMissing, "Body"),
    "an unknown service": (JSON, as_json(svcTy="OTHER"), FieldInvalid, "svcTy"),
    "an unknown encAt": (JSON, as_json(encAt="X"), FieldInvalid, "encAt"),
    "part 3 of 2": (JSON, as_json(apSeq={"apCurrent": "3", "apTotal": "2"}), FieldInvalid, "apSeq"),
    "parts that are no numbers": (JSON, as_json(apSeq={"apCurrent": [], "apTotal": "x"}), FieldInvalid, "apSeq"),
    "one part alone": (JSON, as_json(apSeq={"apCurrent": "1", "apTotal": "2"}), BadMessage, ""),
    "no sender": (JSON, as_json(sendCd=""), FieldMissing, "sendCd"),
    "no kind": (JSON, as_json(body_with(evtId=" ")), FieldMissing, "evtId"),
    "no number": (JSON, as_json(body_with(ocrNbr=None)), FieldMissing, "ocrNbr"),
    "no status": (JSON, as_json({name: value for name, value in BODY.items() if name != "ocrSts"}), FieldMissing, "ocrSts"),
    "an unknown status": (JSON, as_json(body_with(ocrSts="11")), FieldInvalid, "ocrSts"),
    "a number that is a list": (JSON, as_json(body_with(ocrNbr=["1"])), FieldInvalid, "ocrNbr"),
    "a number with NUL": (JSON, as_json(body_with(ocrNbr="1\0")), FieldInvalid, "ocrNbr"),
    "a number with half a character": (JSON, as_json().replace(b"20260301091500123", b"\\ud800"), FieldInvalid, "ocrNbr"),
    "a number without end": (JSON, as_json(body_with(ocrNbr="1" * 101)), FieldInvalid, "ocrNbr"),
    "items without end": (JSON, as_json(body_with(ocrEvtItem=[0] * 1001)), FieldInvalid, "ocrEvtItem"),
    "a question for a session key": (JSON, as_json(svcTy="AUTH"), FieldInvalid, "svcTy"),
}  # fmt: skip


@pytest.mark.parametrize(("media_type", "content", "error", "field"), REFUSED.values(), ids=REFUSED)
def test_a_message_that_tells_too_little_is_refused(media_type, content, error, field):
    with pytest.raises(error) as caught:
        read(content, media_type)
    assert (type(caught.value), caught.value.field) == (error, field)
    assert caught.value.detail_code in DETAIL_CODES
    assert caught.value.text.ko and caught.value.text.en and "{" not in caught.value.text.ko.replace("({…})", "")


def place(x, y, z=""):
    return {"crdntX": x, "crdntY": y, "crdntZ": z}


NOWHERE = {"longitude": None, "latitude": None, "height": None}
ODD = {
    "a wrong length": ({"header": {"bodyLen": "123"}}, ["wrong-length"], {}),
    "a length that is no number": ({"header": {"bodyLen": "long"}}, ["no-number"], {}),
    "a wrong number of header fields": ({"header": {"hdCnt": "3"}}, ["wrong-count"], {}),
    "a wrong number of data fields": ({"header": {"dtCnt": "3"}}, ["wrong-count"], {}),
    "a wrong number of items": ({"ocrEvtItemCnt": "7"}, ["wrong-count"], {}),
    "no service type": ({"header": {"svcTy": ""}}, ["no-service-type"], {}),
    "a date of the sender that is none": ({"header": {"reqDate": "20260231000000"}}, ["no-moment"], {}),
    "a day that does not exist": ({"ocrEvtTime": "20260230091500"}, ["no-moment"], {"occurred_at": None}),
    "zeros for a date": ({"ocrEvtTime": "00000000000000"}, ["no-moment"], {"occurred_at": None}),
    "words for a date": ({"ocrEvtTime": "어제"}, ["no-moment"], {"occurred_at": None}),
    "24 hours": ({"ocrEvtEndTime": "20260228240000"}, ["hour-24"], {"ended_at": dt.datetime(2026, 3, 1, tzinfo=SEOUL)}),
    "a date with separators": ({"ocrEvtTime": "2026-03-01 09:15:00"}, ["other-form"], {}),
    "a date without seconds": ({"ocrEvtTime": "202603010915"}, ["other-form"], {}),
    "swapped coordinates": ({"ocrLc": place("37.4979", "127.0276", "12.5")}, ["swapped"], {}),
    "zero coordinates": ({"ocrLc": place("0", "0.0")}, ["zero-place"], NOWHERE),
    "Tokyo": ({"ocrLc": place("139.7", "35.6")}, ["outside-korea"], NOWHERE),
    "one coordinate": ({"ocrLc": place("127.1", "")}, ["no-place"], NOWHERE),
    "coordinates in words": ({"ocrLc": place("동쪽", "NaN", "1e400")}, ["no-place", "no-number"], NOWHERE),
    "no place at all": ({"ocrLc": None}, [], NOWHERE),
    "a place that is a text": ({"ocrLc": "여기"}, ["wrong-type"], NOWHERE),
    "an unknown grade": ({"evtGrad": "7"}, ["unknown-grade"], {"grade": "7"}),
    "a wrong tag": ({"endTag": "$DX"}, ["wrong-tag"], {}),
    "a text that is a list": ({"ocrPlc": ["x"]}, ["wrong-type"], {"place": ""}),
    "NUL in a text": ({"ocrEvtCn": "a\0b"}, ["bad-characters"], {"content": "a�b"}),
    "half a character in a text": ({"ocrEvtCn": "a\ud83d"}, ["bad-characters"], {"content": "a�"}),
    "an item without a key": ({"ocrEvtItem": [{"val": "1"}]}, ["wrong-type"], {"items": ()}),
    "an item that is an object": ({"ocrEvtItem": {"key": "A", "val": {"b": [1]}}}, [], {"items": (("A", '{"b": ["1"]}'),)}),
    "items that are a text": ({"ocrEvtItem": "없음"}, ["wrong-type", "wrong-count"], {"items": ()}),
    "ended by itself": ({"ocrSts": "92"}, [], {"status": Status.ENDED}),
}  # fmt: skip


@pytest.mark.parametrize(("given", "told", "changed"), ODD.values(), ids=ODD)
def test_what_is_odd_is_kept_and_told(given, told, changed):
    header = given.get("header", {})
    body = body_with(**{name: value for name, value in given.items() if name != "header"})
    event = read(json.dumps({**HEADER, **header, "body": body}).encode())
    assert codes(event) == told
    assert replace(event, warnings=()) == replace(EVENT, **changed)
    for _, sentence in event.warnings:
        assert sentence.ko and sentence.en and "{" not in sentence.ko + sentence.en
        assert "127.0276" not in sentence.ko


def test_a_length_may_be_told_in_characters_or_bytes_of_either_encoding():
    text = json.dumps(BODY, ensure_ascii=False)
    for length in (len(text), len(text.encode()), len(text.encode("cp949"))):
        assert read(as_form(text, bodyLen=str(length)), FORM) == EVENT


@pytest.mark.parametrize("transport", ["base64", "hex"])
def test_an_encrypted_body_is_opened(transport):
    text = json.dumps(BODY, ensure_ascii=False)
    for plain in (text.encode(), text.encode("cp949"), *((text + " " * more).encode() for more in range(16))):
        cipher = cipher_to_text(encrypt(plain, "열쇠"), transport)
        for media_type, content in ((JSON, as_json(cipher, encAt="Y")), (FORM, as_form(cipher, encAt="y"))):
            assert read(content, media_type, key="열쇠", transport=transport) == EVENT


LOCKED = {
    "a wrong key": ("other", cipher_to_text(encrypt(json.dumps(BODY).encode(), "열쇠"), "base64")),
    "no key": ("", cipher_to_text(encrypt(json.dumps(BODY).encode(), "열쇠"), "base64")),
    "a body that is not encrypted": ("열쇠", json.dumps(BODY)),
    "hexadecimal where Base64 is told": ("열쇠", "0a" * 15),
}


@pytest.mark.parametrize(("key", "body"), LOCKED.values(), ids=LOCKED)
def test_a_body_that_the_key_does_not_open_is_undecipherable(key, body):
    with pytest.raises(Undecipherable):
        read(as_json(body, encAt="Y"), key=key)


def parts_of(pieces, **header):
    return [
        read_envelope(
            FORM,
            as_form(piece, apSeq={"apCurrent": str(number), "apTotal": str(len(pieces))}, bodyLen=str(len(piece)), **header),
            {},
        )
        for number, piece in enumerate(pieces, 1)
    ]  # fmt: skip


def test_parts_are_joined_in_their_order():
    text = json.dumps(BODY, ensure_ascii=False)
    first, second, third = parts_of([text[:100], text[100:333], text[333:]])
    envelope = join_parts([third, first, second])
    assert read_event(envelope, open_body(envelope)) == EVENT
    assert (envelope.part, envelope.parts, envelope.body_length) == (1, 1, len(text))


def test_half_characters_meet_where_parts_are_joined():
    text = json.dumps(body_with(ocrEvtCn="불🔥"), ensure_ascii=False).replace("🔥", "\ud83d|\udd25")
    pieces = text.split("|")
    parts = [
        read_envelope(JSON, json.dumps({**HEADER, "apSeq": {"apCurrent": str(number), "apTotal": "2"}, "body": piece}).encode(), {})
        for number, piece in enumerate(pieces, 1)
    ]  # fmt: skip
    envelope = join_parts(parts)
    assert read_event(envelope, open_body(envelope)).content == "불🔥"


@pytest.mark.parametrize("transport", ["base64", "hex"])
@pytest.mark.parametrize("cut", [48, 100, 160])
def test_parts_of_a_ciphertext_are_opened_however_they_were_cut(transport, cut):
    plain = json.dumps(BODY, ensure_ascii=False).encode()
    whole = cipher_to_text(encrypt(plain, "열쇠"), transport)
    each = [cipher_to_text(encrypt(piece, "열쇠"), transport) for piece in (plain[:cut], plain[cut:])]
    for pieces in ([whole[:cut], whole[cut:]], each):
        envelope = join_parts(parts_of(pieces, encAt="Y"))
        assert read_event(envelope, open_body(envelope, "열쇠", transport)) == EVENT


def test_parts_that_do_not_belong_together_are_refused():
    first, second = parts_of(["a", "b"])
    stranger = parts_of(["a", "b"], sendCd="B1111111111")[1]
    for wrong in ([], [first], [first, first], [first, stranger], [first, second, second]):
        with pytest.raises(BadMessage):
            join_parts(wrong)


CIPHERS = {"plain": None, "base64": Cipher("열쇠", "base64"), "hex": Cipher("k" * 40, "hex")}


@pytest.mark.parametrize("form", [False, True], ids=["JSON", "form"])
@pytest.mark.parametrize("cipher", CIPHERS.values(), ids=CIPHERS)
def test_what_the_hub_writes_it_reads(form, cipher):
    now = dt.datetime(2026, 3, 1, 9, 15, 2, tzinfo=SEOUL)
    posting = write_envelope(
        EVENT, send_code="B4113000000", receive_code="수원", system_code="DHB", request_key="session-1", requested_at=now,
        cipher=cipher, form=form,
    )  # fmt: skip
    envelope = read_envelope(posting.content_type, posting.content, posting.headers)
    assert (envelope.send_code, envelope.receive_code, envelope.system_code) == ("B4113000000", "수원", "DHB")
    assert (envelope.secret, envelope.request_key, envelope.requested_at) == ("session-1", "session-1", now)
    assert envelope.is_encrypted == (cipher is not None) == (posting.headers["X-Scsns-encAt"] == "Y")
    assert envelope.body_length == len(envelope.body.encode())
    assert read_event(envelope, open_body(envelope, *((cipher.key, cipher.transport) if cipher else ()))) == EVENT


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=30).map(str.strip)
NAMES = st.from_regex(r"[A-Z0-9가-힣]{1,30}", fullmatch=True)
MOMENTS = st.none() | st.datetimes(dt.datetime(1990, 1, 2), dt.datetime(2100, 1, 1), timezones=st.just(SEOUL)).map(
    lambda moment: moment.replace(microsecond=0)
)
EVENTS = st.builds(
    Event,
    event_id=NAMES,
    number=NAMES,
    status=st.sampled_from(Status),
    event_name=TEXTS,
    grade=st.sampled_from(["", "10", "20"]),
    longitude=st.just(127.125),
    latitude=st.floats(33, 39),
    height=st.none() | st.floats(-100, 9000).filter(lambda height: not 0 < abs(height) < 1e-5),
    place=TEXTS,
    content=TEXTS,
    occurred_at=MOMENTS,
    status_at=MOMENTS,
    ended_at=MOMENTS,
    status_code=TEXTS,
    status_detail=TEXTS,
    operator_id=TEXTS,
    operator_name=TEXTS,
    items=st.lists(st.tuples(NAMES, TEXTS), max_size=4).map(tuple),
    detail_code=TEXTS,
    detail=TEXTS,
    warnings=st.just(()),
)


@settings(deadline=None)
@given(EVENTS, st.booleans(), st.sampled_from(list(CIPHERS.values())))
def test_every_event_that_is_written_is_read_back(event, form, cipher):
    posting = write_envelope(
        event, send_code="시흥", receive_code="B", system_code="DHB", request_key="k",
        requested_at=dt.datetime(2026, 3, 1, tzinfo=SEOUL), cipher=cipher, form=form,
    )  # fmt: skip
    envelope = read_envelope(posting.content_type, posting.content, posting.headers)
    assert read_event(envelope, open_body(envelope, *((cipher.key, cipher.transport) if cipher else ()))) == event


@pytest.mark.parametrize("form", [False, True], ids=["JSON", "form"])
def test_a_session_key_is_asked_for(form):
    posting = write_auth("plat_열쇠", send_code="A", form=form)
    envelope = read_envelope(posting.content_type, posting.content, posting.headers)
    assert (envelope.service_type, envelope.send_code, read_auth(envelope)) == ("AUTH", "A", "plat_열쇠")


def test_a_question_without_key_is_refused():
    envelope = read_envelope(JSON, as_json({"startTag": "$DA"}, svcTy="AUTH"), {})
    with pytest.raises(FieldMissing):
        read_auth(envelope)


@pytest.mark.parametrize("code", DETAIL_CODES)
def test_a_reply_is_read_back(code):
    told = read_reply(reply(code < 3000, code, "받음\0"))
    assert (told.is_accepted, told.code, told.message) == (code < 3000, code, "받음�")
    assert DETAIL_CODES[code].sentence.ko and DETAIL_CODES[code].sentence.en


def test_the_reply_is_that_of_the_protocol():
    document = json.loads(reply(True, 2000, ""))
    assert document == {
        "startTag": "$DA", "endTag": "$DB", "finishTag": "$DF", "result": "0", "message": "", "code": "2000",
    }  # fmt: skip


UNREADABLE = [b"", b"OK", b"[]", b"\xff", b'{"result":"2"}', b'{"result":["0"]}']


@pytest.mark.parametrize("content", UNREADABLE)
def test_a_reply_that_says_nothing_is_refused(content):
    with pytest.raises(BadMessage):
        read_reply(content)


def test_a_reply_of_a_platform_has_no_code():
    told = read_reply(b'{"startTag":"$DA","endTag":"$DB","finishTag":"$DF","result":"0","message":"session-2"}')
    assert (told.is_accepted, told.code, told.message) == (True, None, "session-2")


MOMENTS_READ = {
    "20260301091500": dt.datetime(2026, 3, 1, 9, 15, tzinfo=SEOUL),
    "20260301091500123": dt.datetime(2026, 3, 1, 9, 15, 0, 123000, tzinfo=SEOUL),
    "2026-03-01T09:15": dt.datetime(2026, 3, 1, 9, 15, tzinfo=SEOUL),
    "20261231240000": dt.datetime(2027, 1, 1, tzinfo=SEOUL),
    "20260301240001": None,
    "20260301235960": None,
    "00010101000000": None,
    "99991231240000": None,
    "２０２６０３０１０９１５００": None,
    "1" * 5000: None,
    "": None,
}


@pytest.mark.parametrize(("text", "moment"), MOMENTS_READ.items())
def test_moments_are_those_of_korea(text, moment):
    assert read_moment(text, "reqDate")[0] == moment


def test_quoted_cp949_and_utf8_are_told_apart():
    for encoding in ("utf-8", "cp949"):
        content = f"sendCd={quote_from_bytes('시흥'.encode(encoding))}&Body=".encode()
        assert read_envelope(FORM, content, {}).send_code == "시흥"
