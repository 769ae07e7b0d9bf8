"""A server's certificate signed by an authority of its own, as the administrative network has."""

import datetime as dt
import ipaddress
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class OwnCertificate:
    """``file`` holds the server's key and certificate, ``authority`` is the PEM text of who signed it."""

    file: Path
    authority: str


@pytest.fixture(scope="session")
def own_certificate(tmp_path_factory: pytest.TempPathFactory) -> OwnCertificate:
    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "행정망 인증기관")])
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    today = dt.datetime.now(dt.UTC)

    def started(subject: x509.Name, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(authority).public_key(public)
        builder = builder.serial_number(x509.random_serial_number())
        return builder.not_valid_before(today - dt.timedelta(days=1)).not_valid_after(today + dt.timedelta(days=2))

    root = started(authority, authority_key.public_key()).add_extension(
        x509.BasicConstraints(True, None), critical=True
    )
    hosts = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    leaf = started(name, key.public_key()).add_extension(x509.SubjectAlternativeName(hosts), critical=False)
    signed = [builder.sign(authority_key, hashes.SHA256()) for builder in (root, leaf)]
    root_text, leaf_text = (one.public_bytes(serialization.Encoding.PEM).decode() for one in signed)
    plain = serialization.NoEncryption()
    key_text = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain).decode()
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    file.write_text(key_text + leaf_text)
    return OwnCertificate(file, root_text)
