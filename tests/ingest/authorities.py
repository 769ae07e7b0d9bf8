"""Certificate authorities of one's own, and what they vouch for, for TLS servers on loopback."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Authority:
    """An authority with its key; ``pem`` is what those who trust it are given."""

    name: str
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    def vouch(
        self, path: Path, *, addresses: Sequence[str] = ("127.0.0.1",), names: Sequence[str] = (), days: int = 2
    ) -> Path:
        """Write a server's key and certificate to ``path``; with ``days`` below nothing it has expired."""
        key = ec.generate_private_key(ec.SECP256R1())
        others = [x509.IPAddress(ip_address(address)) for address in addresses] + [x509.DNSName(name) for name in names]
        builder = (
            begin("platform", self.name, key, days)
            .add_extension(x509.SubjectAlternativeName(others), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        )
        certificate = builder.sign(self.key, hashes.SHA256())
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
        return path


def make_authority(name: str = "The authority of Hanbit") -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    builder = begin(name, name, key, 30).add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    return Authority(name, key, builder.sign(key, hashes.SHA256()))


def begin(name: str, issuer: str, key: ec.EllipticCurvePrivateKey, days: int) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + min(days, 0) * DAY - DAY)
        .not_valid_after(now + days * DAY)
    )
