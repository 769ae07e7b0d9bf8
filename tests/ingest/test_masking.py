"""Secrets in the bytes of an answer: found in every spelling and encoding, across pieces, and nothing else is touched."""

import html
import io
import json
from urllib.parse import quote

import pytest

from ingest import echoes
from ingest.echoes import write_masked
from ingest.masking import Mask

KEY = "k9Zq7Xw2Lm4+Rt8Vb1Nc6/Yd3Hf5Jg0PsAe=="
KOREAN = "비밀번호/한글&열쇠"
SPELLINGS = {
    "plain": lambda secret: secret,
    "in an address": lambda secret: quote(secret, safe=""),
    "in small letters": lambda secret: quote(secret, safe="").replace("%2B", "%2b").replace("%2F", "%2f"),
    "encoded twice": lambda secret: quote(quote(secret, safe=""), safe=""),
    "in JSON": lambda secret: json.dumps(secret)[1:-1],
    "in JSON of PHP": lambda secret: json.dumps(secret)[1:-1].replace("/", "\\/"),
    "in XML": html.escape,
    "in XML with numbers": lambda secret: secret.replace("+", "&#43;").replace("/", "&#x2F;").replace("=", "&#61;"),
}


def masked(content, *secrets):
    target = io.BytesIO()
    found, _ = write_masked(io.BytesIO(content), target, Mask(secrets))
    return target.getvalue(), found


@pytest.mark.parametrize("encoding", ["utf-8", "cp949", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("secret", [KEY, KOREAN])
def test_a_secret_is_found_in_every_spelling(secret, spelling, encoding):
    if encoding.startswith("utf-16") and (spelling != "plain" or secret == KOREAN):
        pytest.skip("escapes in UTF-16: only the long run of letters is found, if there is one")
    written = SPELLINGS[spelling](secret)
    content = f"가나 {written} 다라".encode(encoding)
    stars = content.replace(
        written.encode(encoding), "*".encode(encoding) * (len(written.encode(encoding)) // len("*".encode(encoding)))
    )
    assert masked(content, secret) == (stars, True)


def test_the_given_form_and_the_decoded_one_are_the_same_secret():
    assert masked(KEY.encode(), quote(KEY, safe="")) == (b"*" * len(KEY), True)


def test_a_spelling_that_nobody_thought_of_loses_its_long_run():
    content = "k-9Zq7%u002B Yd3Hf5Jg0PsAe"
    assert masked(content.encode(), KEY) == (b"k-9Zq7%u002B *************", True)


@pytest.mark.parametrize("at", [0, 1, 39, 40, 41, 63, 64, 65, 100, 200])
@pytest.mark.parametrize("piece", [1, 7, 64])
def test_a_secret_across_pieces_is_found(at, piece, monkeypatch):
    monkeypatch.setattr(echoes, "PIECE", piece)
    content = b"x" * at + quote(KEY, safe="").encode() + b"y" * 99 + KEY.encode()
    written, found = masked(content, KEY)
    assert found
    assert written == b"x" * at + b"*" * len(quote(KEY, safe="")) + b"y" * 99 + b"*" * len(KEY)


def test_everything_else_stays_as_it_is():
    content = bytes(range(256)) * 5000 + "한글 주차장".encode("cp949") + b"k9Zq7Xw2Lm4 alone"
    assert masked(content, KEY) == (content, False)
    assert masked(content) == (content, False)


@pytest.mark.parametrize("secrets", [(), (KEY,), ("short",), (KEY, KOREAN)])
@pytest.mark.parametrize("length", [0, 1, 63, 64, 65, 128, 1000])
def test_a_file_of_many_pieces_is_copied_whole(length, secrets, monkeypatch):
    monkeypatch.setattr(echoes, "PIECE", 64)
    content = bytes(number % 251 for number in range(length))
    assert masked(content, *secrets) == (content, False)


def test_short_secrets_are_not_looked_for_in_answers_where_they_stand_by_chance():
    assert masked(b"the city of seoul", "seoul") == (b"the city of seoul", False)
    assert Mask(["seoul"])("the key seoul") == "the key ***"


def test_several_secrets_are_found_at_once():
    assert masked(f"{KEY} {KOREAN}".encode(), KEY, KOREAN) == (
        b"*" * len(KEY) + b" " + b"*" * len(KOREAN.encode()),
        True,
    )
