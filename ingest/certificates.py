"""Says why a TLS certificate or handshake is refused, and what would be right."""

import ssl
from collections.abc import Iterator, Mapping

from catalog.text import Text

# The numbers are OpenSSL's (X509_V_ERR_…).
REASONS: Mapping[int, Text] = {
    9: Text(
        ko="인증서의 유효 기간이 아직 시작되지 않았습니다. 허브와 플랫폼의 시계를 확인하십시오",
        en="its certificate is not valid yet; check the clocks of the hub and the platform",
    ),
    10: Text(
        ko="인증서의 유효 기간이 지났습니다. 플랫폼 운영자가 인증서를 갱신해야 합니다",
        en="its certificate has expired; the platform's operator has to renew it",
    ),
    62: Text(
        ko="인증서가 이 호스트 이름의 것이 아닙니다. 인증서에 적힌 이름으로 주소를 쓰십시오",
        en="its certificate is for another host name; use an address that the certificate names",
    ),
    64: Text(
        ko="인증서가 이 IP 주소의 것이 아닙니다. IP 대신 인증서에 적힌 이름을 쓰십시오",
        en="its certificate is not for this IP address; use the name in the certificate instead",
    ),
}
NOBODY_VOUCHES = Text(
    ko="믿는 인증 기관이 발급한 인증서가 아닙니다. 행정망처럼 자체 인증 기관을 쓰면 그 PEM 인증서를 소스의 ca_certificates에 적으십시오",
    en="no trusted authority vouches for its certificate; if the network has an authority of its own, "
    "put its PEM certificate into the source's ca_certificates",
)
UNKNOWN_AUTHORITY = frozenset({2, 18, 19, 20, 21})
OTHER = Text(ko="인증서를 믿을 수 없습니다 ({reason})", en="its certificate cannot be trusted ({reason})")
OLD_TLS = Text(
    ko="TLS 1.2 이상을 쓰지 않습니다. 플랫폼 운영자가 서버를 갱신해야 합니다",
    en="it does not speak TLS 1.2 or later; the platform's operator has to update the server",
)
OLD_PROTOCOLS = frozenset({"UNSUPPORTED_PROTOCOL", "TLSV1_ALERT_PROTOCOL_VERSION", "WRONG_SSL_VERSION"})


def refusal_of(error: BaseException) -> Text | None:
    """Return why the other side's certificate or protocol was refused; None when the error is about something else."""
    for cause in causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            if cause.verify_code in UNKNOWN_AUTHORITY:
                return NOBODY_VOUCHES
            return REASONS.get(cause.verify_code, OTHER).format(reason=cause.verify_message)
        if isinstance(cause, ssl.SSLError) and cause.reason in OLD_PROTOCOLS:
            return OLD_TLS
    return None


def causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
