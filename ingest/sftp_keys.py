"""Keys of SFTP servers and of those who log in there: by which a server is known, and what a secret says.

Used by ``ingest/sftp.py``. No secret stands in a message, nor does the library's own word on one.
"""

import binascii
import re

import asyncssh
from asyncssh.public_key import get_default_public_key_algs

from catalog.text import Text
from ingest.errors import BadSetup

FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}=?")
KEY_LINE = re.compile(r"(?:^|\s)((?:ssh|ecdsa|sk)-[\w@.-]+)\s+([A-Za-z0-9+/]+={0,2})(?:\s|$)")

UNKNOWN_HOST = Text(
    ko="서버의 호스트 키를 아직 모릅니다. 서버가 보인 키는 {shown}입니다. 운영 기관에 이 값이 맞는지 확인한 뒤 host_key에 적으십시오",
    en="the server's host key is not known yet; it showed {shown}. Ask its operator whether that is right, then write it "
    "in host_key",
)
OTHER_HOST = Text(
    ko="서버가 보인 호스트 키 {shown}이(가) host_key의 {known}과(와) 다릅니다. 키를 바꾸었는지 운영 기관에 확인하기 전에는 고치지 마십시오",
    en="the host key that the server showed ({shown}) is not {known} of host_key; change nothing before its operator "
    "confirms that the key was replaced",
)
NO_KEY = Text(
    ko="개인 키로 읽을 수 없습니다 ({reason}). 암호가 없는 OpenSSH나 PEM 형식의 키 전체를 넣으십시오.",
    en="this is no private key ({reason}); give the whole text of a key in OpenSSH or PEM form that has no passphrase.",
)


class HostKeeper(asyncssh.SSHClient):
    """Takes no other server than the one whose key is known, and remembers what the one there showed."""

    def __init__(self, known: str | None) -> None:
        self._known = known
        self.shown = ""

    @property
    def algorithms(self) -> list[str]:
        """Return the kinds of keys to ask for, that of the known key first: a server has several."""
        usual = [name.decode() for name in get_default_public_key_algs()]
        line = KEY_LINE.search(self._known or "")
        kind = line[1] if line else ""
        own = ("rsa-sha2-256", "rsa-sha2-512") if kind == "ssh-rsa" else (kind,)
        return sorted(usual, key=lambda name: name not in own)

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
        self.shown = f"{key.get_algorithm()} {key.get_fingerprint()}"
        return self._known is not None and fingerprint_of(self._known) == key.get_fingerprint()

    @property
    def reason(self) -> Text:
        """Say why the server was not taken."""
        if self._known is None:
            return UNKNOWN_HOST.format(shown=self.shown)
        return OTHER_HOST.format(shown=self.shown, known=fingerprint_of(self._known))


def fingerprint_of(host_key: str) -> str:
    """Return the SHA256 fingerprint that a setting means; ValueError when it is no host key."""
    if given := FINGERPRINT.search(host_key):
        return given[0].rstrip("=")
    line = KEY_LINE.search(host_key)
    if line is None:
        raise ValueError("give the fingerprint (SHA256:…) or the line of known_hosts (ssh-ed25519 AAAA…)")
    try:
        return asyncssh.import_public_key(f"{line[1]} {line[2]}").get_fingerprint()
    except (asyncssh.KeyImportError, binascii.Error) as error:
        raise ValueError(f"this is no host key: {error}") from error


def read_private_key(text: str) -> asyncssh.SSHKey:
    """Return the key; text that lost its line breaks on the way, as in an environment variable, gets them back."""
    restored = text.replace("\\n", "\n").strip() + "\n"
    try:
        return asyncssh.import_private_key(restored)
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError, ValueError) as error:
        raise BadSetup(where="private_key", problem=NO_KEY.format(reason=type(error).__name__)) from None
