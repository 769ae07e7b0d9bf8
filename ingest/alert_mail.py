"""Sends alerts by e-mail, through the mail server of the settings."""

import uuid
from smtplib import SMTPException, SMTPRecipientsRefused

from django.conf import settings
from django.core.mail import EmailMultiAlternatives

from catalog.text import Text
from ingest.alert_message import Message
from ingest.errors import IngestError
from ingest.models import AlertChannel

REFUSED = Text(ko="메일 서버가 받지 않았습니다 ({reason})", en="The mail server did not take it ({reason})")


class NoMailServer(IngestError):
    code = "no-mail-server"
    sentence = Text(
        ko="메일 서버가 설정되지 않았습니다. HUB_EMAIL_URL과 HUB_EMAIL_FROM을 설정하면 밀린 알림을 모아 보냅니다.",
        en="No mail server is set. Set HUB_EMAIL_URL and HUB_EMAIL_FROM, and what has waited is sent in one message.",
    )


def send_mail(channel: AlertChannel, message: Message) -> None:
    """Hand a message to the mail server; SMTPException or OSError when it does not take it."""
    sender = settings.DEFAULT_FROM_EMAIL
    if not settings.EMAIL_HOST or not sender:
        raise NoMailServer
    host = sender.rstrip(">").rpartition("@")[2]
    mail = EmailMultiAlternatives(
        message.subject,
        message.text,
        sender,
        [channel.address],
        headers={"Message-ID": f"<{stable_name(message)}@{host}>", "Auto-Submitted": "auto-generated"},
    )
    mail.attach_alternative(message.html, "text/html")
    mail.send()


def stable_name(message: Message) -> str:
    """Return a name that no other hub gives, and that this one gives again when it sends the same message again."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"{settings.BASE_URL} {settings.DEFAULT_FROM_EMAIL} {message.identifier}").hex


def mail_refused(error: Exception) -> Text:
    """Say why the mail server did not take a message."""
    if isinstance(error, SMTPRecipientsRefused):
        answers = [f"{code} {readable(told)}" for code, told in error.recipients.values()]
        return REFUSED.format(reason="; ".join(answers))
    if isinstance(error, SMTPException) and len(error.args) > 1:
        return REFUSED.format(reason=" ".join(map(readable, error.args[:2])))
    return REFUSED.format(reason=str(error) or type(error).__name__)


def readable(told: object) -> str:
    return told.decode("utf-8", "replace") if isinstance(told, bytes) else str(told)
