"""Reads the address of the mail server that alerts are sent by."""

from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

# scheme: usual port, TLS from the start, TLS after a word in plain (STARTTLS)
SCHEMES = {"smtp": (25, False, False), "smtp+tls": (587, False, True), "smtps": (465, True, False)}
BACKENDS = "django.core.mail.backends"


@dataclass(frozen=True)
class Mail:
    """Where mail goes; without a host nowhere."""

    backend: str = f"{BACKENDS}.dummy.EmailBackend"
    host: str = ""
    port: int = 25
    user: str = ""
    password: str = field(default="", repr=False)
    speaks_tls: bool = False
    starts_tls: bool = False


def mail_settings(address: str) -> Mail:
    """Return the mail server of ``smtp+tls://user:password@host:port``; user and password may be percent-encoded."""
    if not address:
        return Mail()
    try:
        parts = urlsplit(address)
        usual_port, speaks_tls, starts_tls = SCHEMES[parts.scheme]
        port = parts.port or usual_port
    except (KeyError, ValueError):
        parts = None
    if parts is None or not parts.hostname or parts.path.strip("/") or parts.query or parts.fragment:
        allowed = ", ".join(f"{scheme}://" for scheme in SCHEMES)
        raise ImproperlyConfigured(
            f"HUB_EMAIL_URL must be {allowed} with user:password@host:port and nothing after it; special characters are "
            f"percent-encoded. HUB_EMAIL_URL은 {allowed} 뒤에 user:password@host:port를 적은 주소여야 합니다."
        )
    return Mail(
        backend=f"{BACKENDS}.smtp.EmailBackend",
        host=parts.hostname,
        port=port,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        speaks_tls=speaks_tls,
        starts_tls=starts_tls,
    )
