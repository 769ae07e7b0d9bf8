"""Certificates are verified: an authority of one's own is trusted by the source that names it, and by no other."""

import socket
import ssl

import pytest
from authorities import make_authority
from hostile_server import HostileServer, reply
from pulling import make_source, pull, records

from ingest.errors import BadSetup, CertificateRefused

TABLE = "번호,이름,면수\n0001,제1주차장,10\n".encode()
OURS, OTHER = make_authority(), make_authority("Another authority")
NOBODY = ("no trusted authority", "ca_certificates")


@pytest.fixture
def serve(tmp_path, request):
    """Return a function that starts a TLS server with a certificate."""

    def start(authority=OURS, **certificate):
        server = HostileServer(
            {"/": reply(200, TABLE)}, certificate=authority.vouch(tmp_path / "tls.pem", **certificate)
        )
        request.addfinalizer(lambda: server.__exit__())
        return server.__enter__()

    return start


# what the certificate is, what the source trusts, what the sentence says
REFUSED = {
    "nobody vouches": ({}, "", NOBODY),
    "another authority does": ({}, OTHER.pem, NOBODY),
    "it has expired": ({"days": -1}, OURS.pem, ("has expired", "유효 기간이 지났습니다")),
    "it is for another address": (
        {"addresses": ["127.0.0.2"]},
        OURS.pem,
        ("not for this IP address", "IP 주소의 것이 아닙니다"),
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_certificate_is_refused_with_the_reason_and_what_would_be_right(case, serve, open_session):
    certificate, trusted, words = REFUSED[case]
    server = serve(**certificate)
    with pytest.raises(CertificateRefused) as refused:
        open_session(authorities=trusted).fetch(server.url("/lots.csv"))
    told = f"{refused.value.text.ko} {refused.value.text.en}"
    assert all(word in told for word in words)
    assert not refused.value.temporary
    assert server.requests == []


def test_a_certificate_of_another_name_is_refused(serve, open_session):
    server = serve(addresses=[], names=["elsewhere.example"])
    with pytest.raises(CertificateRefused, match="another host name"):
        open_session(authorities=OURS.pem).fetch(server.url("/", host="localhost"))


def test_what_the_named_authority_vouches_for_is_read(serve, open_session):
    server = serve(names=["localhost"])
    session = open_session(authorities=OTHER.pem + OURS.pem)
    assert session.fetch(server.url("/")).read_bytes() == TABLE
    assert session.fetch(server.url("/", host="localhost")).read_bytes() == TABLE


def test_a_server_that_speaks_only_an_old_protocol_is_refused(tmp_path, open_session):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(OURS.vouch(tmp_path / "tls.pem"))
    old = b"\x15\x03\x01\x00\x02\x02\x46"  # the alert of a server that knows no later protocol
    with HostileServer({}) as server, pytest.raises(CertificateRefused, match=r"TLS 1\.2"):
        server.answer_one = lambda connection: answer_in_old(connection, old)
        open_session(authorities=OURS.pem).fetch(f"https://127.0.0.1:{server.port}/")


def answer_in_old(connection: socket.socket, alert: bytes) -> None:
    connection.recv(4096)
    connection.sendall(alert)


@pytest.mark.django_db
def test_a_source_is_read_with_its_own_authority_and_not_with_anothers(serve):
    server = serve()
    trusting = make_source(server.url("/lots.csv"), "ours", allow_private=True, ca_certificates=OURS.pem)
    other = make_source(server.url("/lots.csv"), "other", allow_private=True)
    assert pull(trusting).state == "published"
    assert [record["lot_id"] for record in records(trusting)] == ["0001"]
    run = pull(other)
    assert (run.state, run.error_code) == ("failed", "certificate-refused")
    assert "ca_certificates" in run.error_ko


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"])
def test_what_is_no_certificate_is_refused_when_the_source_is_saved(text):
    with pytest.raises(BadSetup, match="PEM"):
        make_source("lots.csv", ca_certificates=text)
