"""ARIA against RFC 5794's own examples and against OpenSSL, and the padding of integrated platforms."""

import ctypes
import ctypes.util
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import Undecipherable
from ingest.platform.aria import (
    BLOCK,
    DIFFUSION,
    cipher_from_text,
    cipher_to_text,
    crypt,
    decrypt,
    encrypt,
    key_bytes,
    key_generators,
    padded,
    round_keys,
    turned_round,
    unpadded,
)

PLAIN = bytes.fromhex("00112233445566778899aabbccddeeff")

# RFC 5794, appendix A.1 to A.3
EXAMPLES = {
    16: "d718fbd6ab644c739da95f3be6451778",
    24: "26449c1805dbe7aa25a468ce263a9e79",
    32: "f92bd7c79fb72e2f2b8f80c1972d24fc",
}

# RFC 5794, appendix A.1: round key generators and encryption round keys
GENERATORS = [
    "000102030405060708090a0b0c0d0e0f",
    "2afbea741e1746dd55c63ba1afcea0a5",
    "7c8578018bb127e02dfe4e78c288e33c",
    "6785b52b74da46bf181054082763ff6d",
]
ROUND_KEYS = [
    "d415a75c794b85c5e0d2a0b3cb793bf6",
    "369c65e4b11777ab713a3e1e6601b8f4",
    "0368d4f13d14497b6529ad7ac809e7d0",
    "c644552b549a263fb8d0b50906229eec",
    "5f9c434951f2d2ef342787b1a781794c",
    "afea2c0ce71db6de42a47461f4323c54",
    "324286db44ba4db6c44ac306f2a84b2c",
    "7f9fa93574d842b9101a58063771eb7b",
    "aab9c57731fcd213ad5677458fcfe6d4",
    "2f4423bb06465abada5694a19eb88459",
    "9f8772808f5d580d810ef8ddac13abeb",
    "8684946a155be77ef810744847e35fad",
    "0f0aa16daee61bd7dfee5a599970fb35",
]


@pytest.mark.parametrize(("size", "cipher"), EXAMPLES.items())
def test_the_examples_of_the_rfc_come_out(size, cipher):
    keys = round_keys(bytes(range(size)))
    assert crypt(PLAIN, keys).hex() == cipher
    assert crypt(bytes.fromhex(cipher), turned_round(keys)) == PLAIN


def test_the_round_keys_are_those_of_the_rfc():
    key = bytes(range(16))
    assert [f"{number:032x}" for number in key_generators(key)] == GENERATORS
    assert [key.hex() for key in round_keys(key)] == ROUND_KEYS


def test_diffusion_undoes_itself():
    for place, row in enumerate(DIFFUSION):
        counted = [sum(place_of in DIFFUSION[inner] for inner in row) % 2 for place_of in range(BLOCK)]
        assert counted == [int(place_of == place) for place_of in range(BLOCK)]


def libcrypto():
    name = ctypes.util.find_library("crypto")
    library = ctypes.CDLL(name) if name else None
    if library is None or not hasattr(library, "EVP_aria_256_ecb"):
        pytest.skip("the system has no OpenSSL with ARIA")
    for function in ("EVP_aria_256_ecb", "EVP_CIPHER_CTX_new"):
        getattr(library, function).restype = ctypes.c_void_p
    return library


def by_openssl(library, key, text, *, encrypting):
    context = ctypes.c_void_p(library.EVP_CIPHER_CTX_new())
    cipher = ctypes.c_void_p(library.EVP_aria_256_ecb())
    out, size = ctypes.create_string_buffer(len(text) + BLOCK), ctypes.c_int(0)
    assert library.EVP_CipherInit_ex(context, cipher, None, key, None, int(encrypting)) == 1
    library.EVP_CIPHER_CTX_set_padding(context, 0)
    assert library.EVP_CipherUpdate(context, out, ctypes.byref(size), text, len(text)) == 1
    library.EVP_CIPHER_CTX_free(context)
    return out.raw[: size.value]


def test_random_blocks_come_out_as_by_openssl():
    library, chance = libcrypto(), random.Random(5794)
    for blocks in (1, 2, 3, 7, 64, 300):
        key, text = chance.randbytes(32), chance.randbytes(BLOCK * blocks)
        cipher = crypt(text, round_keys(key))
        assert cipher == by_openssl(library, key, text, encrypting=True)
        assert crypt(text, turned_round(round_keys(key))) == by_openssl(library, key, text, encrypting=False)


PADDED = {
    "nothing": (b"", b""),
    "one byte": (b"a", b"a" + bytes(14) + b"\x0f"),
    "one byte short": (b"a" * 15, b"a" * 15 + b"\1"),
    "a whole block gets none": (b"a" * 16, b"a" * 16),
    "more than a block": (b"a" * 30, b"a" * 30 + b"\0\2"),
}


@pytest.mark.parametrize(("text", "filled"), PADDED.values(), ids=PADDED)
def test_a_text_is_filled_up_to_whole_blocks(text, filled):
    assert padded(text, BLOCK) == filled
    assert not text or unpadded(filled) == text


LEFT = {
    "JSON": b'{"a":"b","c":1 }',
    "sixteen": b"a" * 15 + b"\x10",
    "no zeros before": b"a" * 15 + b"\3",
    "a zero": b"a" * 15 + b"\0",
}


@pytest.mark.parametrize("text", LEFT.values(), ids=LEFT)
def test_what_is_no_padding_stays(text):
    assert unpadded(text) == text


KEYS = {
    "short": ("비밀", "비밀".encode() + bytes(25) + bytes([26])),
    "of 31 bytes": ("k" * 31, b"k" * 31 + b"\1"),
    "whole": ("k" * 32, b"k" * 32),
    "long": ("k" * 50, b"k" * 32),
    "cut within a character": ("가" * 11, ("가" * 11).encode()[:32]),
}


@pytest.mark.parametrize(("key", "found"), KEYS.values(), ids=KEYS)
def test_a_key_is_cut_or_filled_to_32_bytes(key, found):
    assert key_bytes(key) == found


@given(st.binary(min_size=1, max_size=200), st.text(min_size=1, max_size=40))
def test_what_is_encrypted_comes_back(text, key):
    ends_like_padding = unpadded(text[-BLOCK:]) != text[-BLOCK:]
    whole = len(text) % BLOCK == 0
    found = decrypt(encrypt(text, key), key)
    assert found == text or (whole and ends_like_padding and text.startswith(found))


@pytest.mark.parametrize("length", range(1, 201))
def test_every_length_comes_back(length):
    text = (b'{"ocrEvtCn":"' + b"x" * length)[-length:]
    assert decrypt(encrypt(text, "열쇠"), "열쇠") == text
    assert len(encrypt(text, "열쇠")) == -(-length // BLOCK) * BLOCK


@pytest.mark.parametrize("transport", ["base64", "hex"])
def test_ciphertexts_travel_as_text(transport):
    cipher = encrypt("긴급 출동".encode(), "key")
    assert cipher_from_text(cipher_to_text(cipher, transport), transport) == cipher


TOLERATED = {
    "a plus that a form made a space": ("+/+/".replace("+", " "), "base64", b"\xfb\xff\xbf"),
    "lines": ("AAEC\r\nAwQF\r\n", "base64", bytes(range(6))),
    "no equals signs": ("AAE", "base64", b"\0\1"),
    "large letters": ("0A0B", "hex", b"\n\v"),
}


@pytest.mark.parametrize(("text", "transport", "found"), TOLERATED.values(), ids=TOLERATED)
def test_usual_slips_of_transport_are_mended(text, transport, found):
    assert cipher_from_text(text, transport) == found


REFUSED = {
    "no Base64": lambda: cipher_from_text("가나다", "base64"),
    "signs that Base64 has not": lambda: cipher_from_text("{}{}", "base64"),
    "no hexadecimal": lambda: cipher_from_text("0g", "hex"),
    "half a block": lambda: decrypt(b"12345678", "key"),
    "nothing": lambda: decrypt(b"", "key"),
    "no key": lambda: decrypt(bytes(16), ""),
}


@pytest.mark.parametrize("ask", REFUSED.values(), ids=REFUSED)
def test_what_is_no_ciphertext_is_refused_in_both_languages(ask):
    with pytest.raises(Undecipherable) as caught:
        ask()
    assert caught.value.text.ko and caught.value.text.en
