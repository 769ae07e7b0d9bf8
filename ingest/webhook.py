"""Posts alerts to a webhook, signed as Standard Webhooks has it (https://www.standardwebhooks.com), by guarded addresses."""

import base64
import binascii
import datetime as dt
import hashlib
import hmac
from urllib.parse import urlsplit

import orjson
from django.conf import settings

from catalog.text import Text
from ingest.alert_message import Message
from ingest.errors import BadSetup
from ingest.http import Answer, Limits, Session, is_web
from ingest.models import AlertChannel
from ingest.secret_store import read_secret

PREFIX = "whsec_"
LIMITS = Limits(connect=5, read=15, total=20, size=1 << 20, attempts=1)
NO_WEB_ADDRESS = Text(ko="http:// 또는 https:// 주소여야 합니다", en="must be an http:// or https:// address")
NO_BASE64 = Text(ko=f"{PREFIX} 뒤는 base64여야 합니다", en=f"what follows {PREFIX} in the secret must be base64")


def post_message(channel: AlertChannel, message: Message) -> None:
    """Post a message and see it taken with a status of 2xx; another status, a redirect or a late answer is an error."""
    if not is_web(channel.address):
        raise BadSetup(where="address", problem=NO_WEB_ADDRESS)
    body = orjson.dumps(message.document)
    secret = read_secret(channel.secret) if channel.secret else ""
    parts = urlsplit(channel.address)
    path = channel.address.partition(parts.netloc)[2]  # often the only secret of a webhook
    settings.SPOOL_DIR.mkdir(parents=True, exist_ok=True)
    with Session(
        allow_private=channel.allow_private,
        secrets=[value for value in (secret, path) if len(value) > 1],
        limits=LIMITS,
        spool=settings.SPOOL_DIR,
    ) as http:
        headers = {"Content-Type": "application/json", **signed(body, message.identifier, message.moment, secret)}
        http.read(channel.address, taken, headers=headers, body=body)


def signed(body: bytes, identifier: str, moment: dt.datetime, secret: str) -> dict[str, str]:
    """Return the headers that tell which message this is and, with a secret, that it comes from this hub."""
    timestamp = str(int(moment.timestamp()))
    headers = {"webhook-id": identifier, "webhook-timestamp": timestamp}
    if secret:
        content = f"{identifier}.{timestamp}.".encode() + body
        digest = hmac.digest(key_of(secret), content, hashlib.sha256)
        headers["webhook-signature"] = f"v1,{base64.b64encode(digest).decode()}"
    return headers


def key_of(secret: str) -> bytes:
    if not secret.startswith(PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        raise BadSetup(where="secret", problem=NO_BASE64) from None


def taken(answer: Answer) -> None:
    """Whatever stands in the answer: its status has said that the message is taken."""
