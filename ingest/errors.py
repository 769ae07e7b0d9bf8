"""Every error of pulling data, as one tree; ``temporary`` alone decides whether a pull is tried again.

    IngestError
    ├── SourceError                 what the platform did
    │   ├── Unreachable · TimedOut · PlatformFailure · BrokenOff     temporary
    │   ├── QuotaExceeded           temporary; try after the provider's midnight
    │   ├── KeyRefused · RequestRefused · ForbiddenAddress · TooLarge
    │   ├── CertificateRefused      expired, of another host, or nobody vouches for it
    │   ├── HostKeyRefused          an SFTP server that the source does not know, or whose key has changed
    │   ├── StillWritten            a file that is still being uploaded; temporary
    │   ├── UnreadableAnswer        the answer is not what its format promises
    │   └── IncompleteAnswer        fewer rows than the platform itself announced; temporary
    ├── HeldBack                    the run's own checks refuse to publish
    ├── InputNotReady               an input of a recipe has no records yet; temporary
    ├── Cancelled                   somebody asked to stop; nothing was published
    ├── NotRepeatable               a run that cannot be read again, and why
    ├── SourcePaused                somebody paused the source, and why
    ├── Unmodified                  the platform says that nothing has changed since; no failure
    ├── LostLease                   another worker took the run over; nothing was published
    ├── FeedBusy                    another catalogue that somebody reads already; temporary
    ├── WorkerLost                  the worker died as often as a run may be tried
    ├── BadSetup                    a hub file or a source's configuration is wrong, with line and field
    ├── SecretMissing           the environment has no such variable
    │   └── SecretUnknown · SecretUnreadable     the hub has not stored it; its encryption key is gone
    ├── SecretInUse
    ├── PeerError                   what a peer hub did
    │   ├── BadHubKey               a key that no believed key vouches for
    │   ├── UnsignedAnswer          an answer that the hub has not signed; temporary
    │   ├── PeerWentBack            a peer that has fewer entries than were read of it
    │   ├── OwnAddress              the address of a peer is this hub itself
    │   └── BadEntry                an entry or a file of it that is not what its home hub signed
    ├── InboxFull                   pushed messages wait for a run that does not come; temporary
    ├── WireError                   what an integrated platform sent is no message, with the protocol's detail code
    │   └── BadMessage · FieldMissing · FieldInvalid · WrongMediaType · UnknownEncoding
    ├── Undecipherable              a body that the platform's cipher key does not open
    ├── TooManyEvents           a sending rule that would raise more at once than can be meant
    ├── PlatformClosed          a platform that takes nothing from the hub now, and why
    ├── NotListening                nobody listens to a source whose messages are pushed, or it cannot be listened to
    ├── TookTooLong                 the whole run lasted longer than a worker may spend on one; temporary
    ├── HubUnavailable              the hub's own database or disk cannot be used; temporary
    └── InternalError               a fault of the hub itself; the worker's log has the trace

Sentences are in Korean and English, as in ``catalog/errors.py``. No secret may reach a value given here:
``ingest/http.py`` masks addresses before raising.
"""

from typing import ClassVar

from catalog.errors import HubError
from catalog.text import Text


class IngestError(HubError):
    code = "ingest-error"
    temporary: ClassVar[bool] = False


class SourceError(IngestError):
    code = "source-error"


class Unreachable(SourceError):
    code = "unreachable"
    temporary = True
    sentence = Text(
        ko="{address}에 연결할 수 없습니다 ({reason}). 주소와 네트워크를 확인하십시오.",
        en="Cannot reach {address} ({reason}); check the address and the network.",
    )


class TimedOut(SourceError):
    code = "timed-out"
    temporary = True
    sentence = Text(
        ko="{address}이(가) {seconds}초 안에 답하지 않았습니다.",
        en="{address} did not finish answering within {seconds} s.",
    )


class PlatformFailure(SourceError):
    code = "platform-failure"
    temporary = True
    sentence = Text(
        ko="{address}이(가) 일시적인 오류를 답했습니다: {answer}",
        en="{address} answered with a failure of its own: {answer}",
    )


class BrokenOff(SourceError):
    code = "broken-off"
    temporary = True
    sentence = Text(
        ko="{address}의 답이 중간에 끊겼습니다: {reason}",
        en="The answer of {address} broke off: {reason}",
    )


class IncompleteAnswer(SourceError):
    code = "incomplete-answer"
    temporary = True
    sentence = Text(
        ko="{address}은(는) {announced}행이 있다고 했지만 {received}행만 보냈습니다.",
        en="{address} announced {announced} rows but sent {received}.",
    )


class QuotaExceeded(SourceError):
    code = "quota-exceeded"
    temporary = True
    sentence = Text(
        ko="{address}의 하루 호출 한도를 넘었습니다 ({answer}). 한국 시각 자정 이후 다시 시도합니다.",
        en="The daily call limit of {address} is used up ({answer}); it is tried again after midnight, Korean time.",
    )


class KeyRefused(SourceError):
    code = "key-refused"
    sentence = Text(
        ko="{address}이(가) 인증키를 거절했습니다: {answer}. 키의 값과 승인 상태를 확인하십시오.",
        en="{address} refused the key: {answer}; check the key and whether it is approved.",
    )


class RequestRefused(SourceError):
    code = "request-refused"
    sentence = Text(
        ko="{address}이(가) 요청을 거절했습니다: {answer}. 소스 설정을 확인하십시오.",
        en="{address} refused the request: {answer}; check the source's configuration.",
    )


class ForbiddenAddress(SourceError):
    code = "forbidden-address"
    sentence = Text(
        ko="{address}은(는) 허용되지 않은 주소입니다: {reason}",
        en="{address} is not an allowed address: {reason}",
    )


class CertificateRefused(SourceError):
    code = "certificate-refused"
    sentence = Text(
        ko="{address}에 안전하게 연결할 수 없습니다: {reason}.",
        en="There is no secure connection to {address}: {reason}.",
    )


class HostKeyRefused(SourceError):
    code = "host-key-refused"
    sentence = Text(
        ko="{address}에 로그인하지 않았습니다: {reason}.",
        en="The hub did not log in to {address}: {reason}.",
    )


class StillWritten(SourceError):
    code = "still-written"
    temporary = True
    sentence = Text(
        ko="{address}은(는) 아직 올리는 중인 파일입니다 ({reason}). 다 올라온 뒤에 다시 읽습니다.",
        en="{address} is still being uploaded ({reason}); it is read once it is whole.",
    )


class TooLarge(SourceError):
    code = "too-large"
    sentence = Text(
        ko="{address}의 답이 한도 {limit}을(를) 넘습니다.",
        en="The answer of {address} is larger than the limit of {limit}.",
    )


class UnreadableAnswer(SourceError):
    code = "unreadable-answer"
    sentence = Text(
        ko="{address}의 내용을 {format}(으)로 읽을 수 없습니다: {reason}",
        en="{address} cannot be read as {format}: {reason}",
    )


class HeldBack(IngestError):
    code = "held-back"
    sentence = Text(
        ko="공개하지 않고 보류했습니다. 지금까지 공개된 자료는 그대로입니다. {reason}",
        en="Held back, not published; what was published before stays as it was. {reason}",
    )


class InputNotReady(IngestError):
    code = "input-not-ready"
    temporary = True
    sentence = Text(
        ko="입력 데이터셋 '{dataset}'에 공개된 레코드가 아직 없습니다.",
        en="The input dataset '{dataset}' has no published records yet.",
    )


class Cancelled(IngestError):
    code = "cancelled"
    sentence = Text(
        ko="멈추라는 요청을 받아 그만두었습니다. 공개된 자료는 그대로입니다.",
        en="Stopped because somebody asked for it; what is published stays.",
    )


class NotRepeatable(IngestError):
    code = "not-repeatable"
    sentence = Text(ko="이 실행은 다시 읽을 수 없습니다: {reason}", en="This run cannot be read again: {reason}")


class SourcePaused(IngestError):
    code = "source-paused"
    sentence = Text(
        ko="'{source}' 소스는 멈춰 있습니다: {because}. 다시 시작한 뒤에 실행하십시오.",
        en="The source '{source}' is paused: {because}; resume it first.",
    )


class Unmodified(IngestError):
    code = "unmodified"
    sentence = Text(
        ko="{address}: 지난번 뒤로 바뀐 것이 없습니다.", en="{address}: nothing has changed since it was read last."
    )


class LostLease(IngestError):
    code = "lost-lease"
    sentence = Text(
        ko="다른 작업자가 이 실행을 이어받아 아무것도 공개하지 않았습니다.",
        en="Another worker has taken this run over; nothing was published.",
    )


class FeedBusy(IngestError):
    code = "feed-busy"
    temporary = True
    sentence = Text(
        ko="'{feed}' 피드는 지금 다른 작업자가 읽고 있습니다. 끝난 뒤에 다시 하십시오.",
        en="The feed '{feed}' is being read by another worker; try again when that is over.",
    )


class WorkerLost(IngestError):
    code = "worker-lost"
    sentence = Text(
        ko="작업자가 {times}번 중단되어 더 시도하지 않습니다. 공개된 자료는 그대로입니다.",
        en="The worker died {times} times on this run, so it is not tried again; what is published stays.",
    )


class BadSetup(IngestError):
    code = "bad-setup"
    sentence = Text(ko="{where}: {problem}", en="{where}: {problem}")


class SecretMissing(IngestError):
    code = "secret-missing"
    sentence = Text(
        ko="환경 변수 '{name}'에 비밀값이 없습니다.",
        en="The environment variable '{name}' that should hold a secret is not set.",
    )


class SecretUnknown(SecretMissing):
    code = "secret-unknown"
    sentence = Text(
        ko="'{name}' 비밀값이 저장되어 있지 않습니다. manage.py save_secret {name} 으로 저장하십시오.",
        en="There is no stored secret '{name}'; store it with manage.py save_secret {name}.",
    )


class SecretUnreadable(SecretMissing):
    code = "secret-unreadable"
    sentence = Text(
        ko="'{name}' 비밀값을 풀 수 없습니다. 암호화한 키가 HUB_ENCRYPTION_KEYS에 없습니다. 그 키를 목록에 더하거나 비밀값을 다시 저장하십시오.",
        en="The secret '{name}' cannot be decrypted: the key that it was encrypted with is not among HUB_ENCRYPTION_KEYS. "
        "Add that key to the list, or store the secret anew.",
    )


class SecretInUse(IngestError):
    code = "secret-in-use"
    sentence = Text(
        ko="'{name}' 비밀값은 {users}에서 쓰고 있어 지울 수 없습니다. 거기서 먼저 빼십시오.",
        en="The secret '{name}' is used by {users} and cannot be deleted; take it out there first.",
    )


class InboxFull(IngestError):
    code = "inbox-full"
    temporary = True
    sentence = Text(
        ko="소스 '{source}'의 수신함이 가득 차(한도 {limit}) 메시지를 받지 않았습니다. 실행이 보류되었는지 확인하십시오.",
        en="The inbox of the source '{source}' is full (limit {limit}), so the message was not taken; "
        "see whether its runs are held back.",
    )


class WireError(IngestError):
    """A message of an integrated platform that cannot be taken; ``detail_code`` is what the protocol's reply tells."""

    code = "wire-error"
    detail_code: ClassVar[int] = 4000

    @property
    def field(self) -> str:
        """The field that is wrong; empty where it is the message as a whole."""
        return str(self.values.get("field", ""))


class BadMessage(WireError):
    code = "bad-message"
    sentence = Text(ko="메시지를 읽을 수 없습니다: {problem}", en="The message cannot be read: {problem}")


class FieldMissing(WireError):
    code = "field-missing"
    detail_code = 4101
    sentence = Text(ko="필수 항목 '{field}'이(가) 없습니다.", en="The mandatory field '{field}' is missing.")


class FieldInvalid(WireError):
    code = "field-invalid"
    detail_code = 4102
    sentence = Text(
        ko="'{field}' 항목의 값 '{value}'이(가) 올바르지 않습니다. 올바른 값: {allowed}",
        en="'{value}' is no value for '{field}'; right would be: {allowed}",
    )


class WrongMediaType(WireError):
    code = "wrong-media-type"
    detail_code = 4015
    sentence = Text(
        ko="'{told}' 형식은 받지 않습니다. 받는 형식: {allowed}", en="'{told}' is not taken; taken are: {allowed}"
    )


class UnknownEncoding(WireError):
    code = "unknown-encoding"
    detail_code = 4006
    sentence = Text(
        ko="글자를 UTF-8로도 CP949로도 읽을 수 없습니다. UTF-8로 보내십시오.",
        en="The text is neither UTF-8 nor CP949; send UTF-8.",
    )


class Undecipherable(IngestError):
    code = "undecipherable"
    sentence = Text(
        ko="본문의 암호를 풀 수 없습니다: {reason}. 플랫폼의 암호 키와 암호문 형식을 확인하십시오.",
        en="The body cannot be decrypted: {reason}; check the platform's cipher key and the form of its ciphertexts.",
    )


class TooManyEvents(IngestError):
    code = "too-many-events"
    sentence = Text(
        ko="규칙 '{rule}'이(가) 한 번에 {most}건보다 많은 상황을 새로 만들게 되어 아무것도 보내지 않았습니다. 조건이나 데이터셋을 확인하십시오.",
        en="The rule '{rule}' would raise more than {most} occurrences at once, so nothing was sent; "
        "look at its condition and at the dataset.",
    )


class PlatformClosed(IngestError):
    code = "platform-closed"
    sentence = Text(ko="플랫폼 '{platform}': {reason}", en="The platform '{platform}': {reason}")


class NotListening(IngestError):
    code = "not-listening"
    sentence = Text(
        ko="이 소스의 메시지를 받고 있지 않습니다: {reason}",
        en="The messages of this source are not being received: {reason}",
    )


class TookTooLong(IngestError):
    code = "took-too-long"
    temporary = True
    sentence = Text(
        ko="실행이 {seconds}초 안에 끝나지 않아 멈췄습니다. 공개된 자료는 그대로입니다.",
        en="The run was not done within {seconds} s and was stopped; what is published stays.",
    )


class PeerError(SourceError):
    code = "peer-error"


class BadHubKey(PeerError):
    code = "bad-hub-key"
    sentence = Text(
        ko="허브 '{hub}'의 키 {key}을(를) 믿을 수 없습니다. 이미 아는 키가 보증하지 않았거나 적어 둔 지문과 다릅니다. 그 허브의 운영자에게 "
        "지문을 확인하십시오.",
        en="The key {key} of the hub '{hub}' cannot be believed: no known key vouches for it, or it has not the fingerprint that "
        "was noted. Ask that hub's operator for the fingerprint.",
    )


class UnsignedAnswer(PeerError):
    code = "unsigned-answer"
    temporary = True
    sentence = Text(
        ko="{address}의 답에 그 허브의 서명이 없거나 맞지 않습니다. 중간에서 바뀌었을 수 있어 쓰지 않았습니다.",
        en="The answer of {address} is not signed by that hub, or not this answer; it may have been altered and was not used.",
    )


class PeerWentBack(PeerError):
    code = "peer-went-back"
    sentence = Text(
        ko="{address}의 허브가 전보다 적은 변경을 가지고 있습니다. 백업에서 되살린 듯합니다. 그 허브의 운영자가 'manage.py start_over'를 실행하면 "
        "처음부터 다시 맞춥니다.",
        en="The hub at {address} has fewer entries than were read of it before; it seems to be restored from a backup. Once its "
        "operator has run 'manage.py start_over', everything is read anew.",
    )


class OwnAddress(PeerError):
    code = "own-address"
    sentence = Text(
        ko="{address}은(는) 이 허브 자신입니다. 다른 허브의 주소를 적으십시오.",
        en="{address} is this hub itself; give the address of another one.",
    )


class BadEntry(PeerError):
    code = "bad-entry"
    sentence = Text(
        ko="데이터셋 {entry}: {reason}",
        en="The dataset {entry}: {reason}",
    )


class HubUnavailable(IngestError):
    code = "hub-unavailable"
    temporary = True
    sentence = Text(
        ko="허브의 데이터베이스나 디스크를 쓸 수 없습니다 ({reason}). 공개된 자료는 그대로입니다.",
        en="The hub's own database or disk cannot be used ({reason}); what is published stays.",
    )


class InternalError(IngestError):
    code = "internal-error"
    sentence = Text(
        ko="허브 내부 오류로 실행이 끝났습니다. 공개된 자료는 그대로이며, 작업자 로그에 자세한 내용이 있습니다.",
        en="The run ended by a fault of the hub itself; what is published stays, and the worker's log has the details.",
    )
