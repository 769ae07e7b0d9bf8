"""Messages as an integrated platform would POST them, made up, and a hub that knows the platform."""

import json
from typing import Any
from urllib.parse import urlencode

from builders import make_organisation
from django.test import Client
from django.utils import timezone
from pulling import pull

from ingest.models import Platform, PlatformMessage, Run, Source
from ingest.platform.aria import cipher_to_text, encrypt
from ingest.platform.known import REGISTER
from ingest.platform.platforms import issue_platform_key, save_platform
from ingest.platform.taking import take_messages

ADDRESS = "/platform/events"
CODE = "B4400000000"


def make_platform(slug: str = "hanbit", **options: Any) -> tuple[Platform, str]:
    """Register a platform and return it with its key."""
    organisation = make_organisation("hanbit-city", region="44130")
    save_platform(slug, **{"title": "한빛시 통합플랫폼", "organisation": organisation.slug} | options)
    platform = Platform.objects.get(slug=slug)
    key = issue_platform_key(platform)
    REGISTER.forget()
    return platform, key


def header(**fields: Any) -> dict[str, Any]:
    return {
        "svcTy": "EVENT",
        "hdCnt": "14",
        "dtCnt": "16",
        "apSeq": {"apCurrent": "1", "apTotal": "1"},
        "cmnMtd": "1",
        "sendCd": CODE,
        "rcvCd": CODE,
        "encAt": "N",
        "tranTy": "HTTP",
        "rrKey": "",
        "reqDate": "20261101120044",
        "sysCd": "IPC",
    } | fields


def body(status: str = "10", number: str = "20261101120000123", **fields: Any) -> dict[str, Any]:
    return {
        "startTag": "$DA",
        "endTag": "$DB",
        "finishTag": "$DF",
        "evtId": "112UC120",
        "evtNm": "112 긴급출동",
        "evtGrad": "10",
        "ocrNbr": number,
        "ocrSts": status,
        "ocrLc": {"crdntX": "127.1234", "crdntY": "36.5432", "crdntZ": "0"},
        "ocrPlc": "한빛동 삼거리 앞",
        "ocrEvtCn": "신고자 김한빛, 차량 12가3456",
        "ocrEvtTime": "20261101120000",
        "ocrEvtSts": {"ocrEvtStsCd": status, "ocrEvtStsDtl": "상태"},
        "ocrEvtStsUsr": {"ocrEvtUsrId": "op7", "ocrEvtUsrNm": "박관제"},
        "ocrEvtItemCnt": "1",
        "ocrEvtItem": [{"key": "IMAGE_URL", "val": "rtsp://10.0.0.9/cctv/7"}],
        "ocrEvtDtl": {"ocrEvtDtlCd": "01", "ocrEvtDtlCdDtl": "침입"},
    } | fields


def message(told: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    return header(**fields) | {"body": body() if told is None else told}


def encrypted(told: dict[str, Any], key: str, form: str = "base64") -> str:
    return cipher_to_text(encrypt(json.dumps(told, ensure_ascii=False).encode(), key), form)


def as_form(document: dict[str, Any]) -> bytes:
    """Write a message as a form, with the body under ``Body`` and what is nested as JSON."""
    fields = {("Body" if name == "body" else name): value for name, value in document.items()}
    return urlencode(
        {
            name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            for name, value in fields.items()
        }
    ).encode()


def send(document: dict[str, Any] | bytes, key: str = "", *, form: bool = False, **extra: Any) -> dict[str, Any]:
    """POST a message and return the reply."""
    content_type = "application/x-www-form-urlencoded" if form else "application/json"
    if not isinstance(document, bytes):
        document = as_form(document) if form else json.dumps(document, ensure_ascii=False).encode()
    address = extra.pop("address", ADDRESS)
    headers = {"X-Scsns-Secret": key} if key else {}
    answer = Client().post(address, document, content_type=content_type, headers=headers, **extra)
    return {"status": answer.status_code, **json.loads(answer.content)}


def take() -> int:
    return take_messages(timezone.now())


def states() -> list[str]:
    return list(PlatformMessage.objects.order_by("pk").values_list("state", flat=True))


def publish(slug: str) -> Run:
    return pull(Source.objects.select_related("distribution__dataset").get(slug=slug))
