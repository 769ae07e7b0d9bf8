"""Receives the messages of an MQTT broker and acknowledges each once its inbox has it on disk.

The broker keeps the session (QoS 1): what it sent and saw no acknowledgement of, it sends again after the connection is
made anew, marked as a duplicate and under the same packet id. Session, packet id and content together tell whether the
inbox has it already. One call of ``listen`` is one connection; who calls it waits and calls again.
"""

import hashlib
import re
import socket
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage, topic_matches_sub
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from ingest.addresses import NEVER_PORTS, objection
from ingest.connectors.messages import Keeper, Message
from ingest.connectors.mqtt import TOO_LARGE_BYTES, Config, content_of
from ingest.errors import (
    BrokenOff,
    ForbiddenAddress,
    KeyRefused,
    PlatformFailure,
    RequestRefused,
    SourceError,
    Text,
    TimedOut,
    Unreachable,
)
from ingest.http import Session, trusted_authorities

CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 10.0  # for the broker to accept the connection and the topics
KEEP_ALIVE = 30
AT_ONCE = 500
MAX_PAYLOAD = 8 * 2**20
MAX_WAITING = 64 * 2**20  # bytes that wait in memory to be kept together
MAX_PACKET = 2 * MAX_PAYLOAD  # MQTT 5: a broker sends no larger one; those in between come and are told
TURN = 0.5
SHARED = re.compile(r"^\$share/[^/]+/")  # messages carry their topic without it
TELL_SECONDS = 15.0
PROTOCOLS = {"3.1.1": MQTTProtocolVersion.MQTTv311, "5": MQTTProtocolVersion.MQTTv5}
REFUSALS: Mapping[int, type[SourceError]] = {  # reason codes of MQTT 5, which those of 3.1.1 are told as
    134: KeyRefused,
    135: KeyRefused,
    136: PlatformFailure,  # server unavailable
    137: PlatformFailure,  # busy
    140: KeyRefused,
    151: PlatformFailure,  # a quota
    159: PlatformFailure,  # too often
}
NO_PORT = Text(ko="{port}번 포트는 MQTT 브로커의 것이 아닙니다.", en="port {port} belongs to no MQTT broker.")
NO_ANSWER = Text(ko="연결은 되었지만 MQTT로 답하지 않습니다", en="it accepts connections but does not answer in MQTT")
NO_TOPIC = Text(ko="토픽 '{topic}' 구독을 거절했습니다", en="it refused the topic '{topic}'")
LESS = Text(
    ko="토픽 '{topic}'을(를) QoS {granted}(으)로만 보내겠다고 합니다. 그것으로 충분하면 qos를 {granted}(으)로 적으십시오",
    en="it would send the topic '{topic}' with QoS {granted} only; set qos to {granted} if that is enough",
)
NOT_IN_PLAIN = Text(
    ko="공개망의 브로커에는 암호를 평문으로 보내지 않습니다. mqtts:// 주소를 쓰십시오.",
    en="a password is not sent in plain to a broker on the public network; use its mqtts:// address.",
)


def listen(config: Config, http: Session, inbox: Keeper, stop: threading.Event) -> None:
    """Receive until ``stop`` is set; a connection that ends, or a full inbox, raises what happened."""
    if config.password:
        http.keep_secret(config.password.get_secret_value())
    shown = http.mask(config.url)
    client = GuardedClient(
        config,
        http,
        judged(config, http, shown),
        protocol=PROTOCOLS[config.protocol],
        manual_ack=True,
        **({"clean_session": False} if config.protocol == "3.1.1" else {}),
    )
    if config.user is not None:
        client.username_pw_set(config.user, config.password.get_secret_value() if config.password else None)
    talk = Talk(client, config, inbox, shown)
    try:
        connect(client, config, http, shown)
        talk.wait_for(lambda: talk.accepted is not None, NO_ANSWER)
        talk.subscribe()
        talk.receive(stop)
    finally:
        client.disconnect()
        client.loop(timeout=0.0)


def connect(client: Client, config: Config, http: Session, shown: str) -> None:
    properties = None
    if config.protocol == "5":
        properties = Properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = config.session_days * 86_400
        properties.MaximumPacketSize = MAX_PACKET
    try:
        client.connect(
            config.host,
            config.port,
            keepalive=KEEP_ALIVE,
            **({"clean_start": False, "properties": properties} if properties else {}),
        )
    except TimeoutError as error:
        raise TimedOut(address=shown, seconds=f"{CONNECT_SECONDS:g}") from error
    except OSError as error:  # those of TLS too
        raise Unreachable(address=shown, reason=http.mask(str(error))) from error


class GuardedClient(Client):
    """Connects to judged addresses alone, past any proxy of the environment; by TLS the broker must be the host named."""

    def __init__(self, config: Config, http: Session, addresses: Sequence[str], **options: Any) -> None:  # noqa: ANN401
        super().__init__(CallbackAPIVersion.VERSION2, client_id=config.client_id, **options)
        self.host_named, self.port_named, self.addresses = config.host, config.port, addresses
        self.authorities = trusted_authorities(http.authorities) if config.is_secure else None
        self.connect_timeout = CONNECT_SECONDS

    def _create_socket(self) -> socket.socket:  # the library's one place where connections are made, up to version 2.2
        failure: OSError = ConnectionRefusedError("no address")
        for address in self.addresses:
            try:
                plain = socket.create_connection((address, self.port_named), timeout=CONNECT_SECONDS)
                if self.authorities is None:
                    return plain
                return self.authorities.wrap_socket(plain, server_hostname=self.host_named)
            except OSError as error:
                failure = error
        raise failure


def judged(config: Config, http: Session, shown: str) -> list[str]:
    """Return the addresses of the broker; a password is sent in plain on private networks only."""
    if config.port in NEVER_PORTS:
        raise ForbiddenAddress(address=shown, reason=NO_PORT.format(port=config.port))
    addresses = http.addresses_of(config.host, config.port)
    is_public = any(objection(ip_address(address), allow_private=False) is None for address in addresses)
    if config.password and is_public and not config.is_secure:
        raise ForbiddenAddress(address=shown, reason=NOT_IN_PLAIN)
    return addresses


@dataclass
class Talk:
    """One connection: what was received and is not yet on disk, and what the broker said."""

    client: Client
    config: Config
    inbox: Keeper
    shown: str
    session: str = ""
    waiting: list[MQTTMessage] = field(default_factory=list)
    waiting_bytes: int = 0
    too_large: dict[int, int] = field(default_factory=dict)
    accepted: ReasonCode | None = None
    lost: ReasonCode | None = None
    granted: list[ReasonCode] | None = None
    is_resumed: bool = False

    def __post_init__(self) -> None:
        self.client.on_connect = self.hear_connected
        self.client.on_disconnect = self.hear_disconnected
        self.client.on_subscribe = self.hear_subscribed
        self.client.on_message = self.hear_message

    def hear_connected(
        self, client: Client, data: object, flags: ConnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        self.accepted, self.is_resumed = reason, flags.session_present

    def hear_disconnected(
        self, client: Client, data: object, flags: DisconnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        self.lost = reason

    def hear_subscribed(
        self, client: Client, data: object, number: int, reasons: list[ReasonCode], properties: Properties | None
    ) -> None:
        self.granted = reasons

    def hear_message(self, client: Client, data: object, message: MQTTMessage) -> None:
        if len(message.payload) > MAX_PAYLOAD:  # its topic and size are kept, and it is acknowledged as any other
            self.too_large[len(self.waiting)] = len(message.payload)
            message.payload = b""
        self.waiting.append(message)
        self.waiting_bytes += len(message.payload)

    def subscribe(self) -> None:
        """Ask for the topics that the session has not; a session of the broker's own making has none."""
        if self.accepted is not None and self.accepted.is_failure:
            kind = REFUSALS.get(self.accepted.value, RequestRefused)
            raise kind(address=self.shown, answer=str(self.accepted))
        notes = self.inbox.recall()
        if not self.is_resumed or "session" not in notes:
            notes = {"session": uuid.uuid4().hex, "topics": []}
            self.inbox.note(notes)
        self.session = str(notes["session"])
        wanted = [[topic, self.config.qos] for topic in self.config.topics]
        gone = [topic for topic, _ in notes["topics"] if topic not in self.config.topics]
        new = [(topic, qos) for topic, qos in wanted if [topic, qos] not in notes["topics"]]
        if gone:
            self.client.unsubscribe(gone)
        if new:
            self.client.subscribe([(topic, qos) for topic, qos in new])
            self.wait_for(lambda: self.granted is not None, NO_ANSWER)
            for (topic, qos), reason in zip(new, self.granted or [], strict=False):
                if reason.is_failure or reason.value < qos:
                    told = NO_TOPIC if reason.is_failure else LESS
                    answer = told.format(topic=topic, granted=reason.value)
                    raise RequestRefused(address=self.shown, answer=answer)
        if gone or new:
            self.inbox.note({"session": self.session, "topics": wanted})

    def wait_for(self, is_so: Callable[[], bool], problem: Text) -> None:
        """Go on until the broker has answered; messages that come meanwhile wait."""
        for _ in range(int(ANSWER_SECONDS / TURN)):
            outcome = self.client.loop(timeout=TURN)
            if is_so():
                return
            self.refuse_lost(outcome)
        raise BrokenOff(address=self.shown, reason=problem)

    def receive(self, stop: threading.Event) -> None:
        """Take messages as they come, several at a time, and acknowledge what is on disk."""
        told_at = time.monotonic() - TELL_SECONDS
        while not stop.is_set():
            outcome = self.client.loop(timeout=TURN)
            count = -1
            while (
                outcome == MQTTErrorCode.MQTT_ERR_SUCCESS
                and count < len(self.waiting) < AT_ONCE
                and self.waiting_bytes < MAX_WAITING
            ):
                count = len(self.waiting)
                outcome = self.client.loop(timeout=0.0)
            self.keep_waiting()
            self.refuse_lost(outcome)
            if time.monotonic() >= told_at + TELL_SECONDS:
                self.inbox.tell_alive()
                told_at = time.monotonic()
        self.keep_waiting()

    def refuse_lost(self, outcome: MQTTErrorCode) -> None:
        if self.accepted is not None and self.accepted.is_failure:
            return  # told by ``subscribe``
        if outcome != MQTTErrorCode.MQTT_ERR_SUCCESS or self.lost is not None:
            raise BrokenOff(address=self.shown, reason=str(self.lost or outcome.name))

    def keep_waiting(self) -> None:
        if not self.waiting:
            return
        asked = [
            (one, self.too_large.get(at, 0)) for at, one in enumerate(self.waiting) if self.is_asked_for(one.topic)
        ]
        if asked:
            self.inbox.keep([self.as_message(one, dropped) for one, dropped in asked])
        for one in self.waiting:
            if one.qos:
                self.client.ack(one.mid, one.qos)
        self.waiting.clear()
        self.too_large.clear()
        self.waiting_bytes = 0

    def is_asked_for(self, topic: str) -> bool:
        """Say whether a topic is among those configured now; an older session may still bring others."""
        return any(topic_matches_sub(SHARED.sub("", wanted), topic) for wanted in self.config.topics)

    def as_message(self, one: MQTTMessage, dropped: int) -> Message:
        content = {"topic": one.topic, TOO_LARGE_BYTES: dropped} if dropped else content_of(one.topic, one.payload)
        if not one.qos:
            return Message(content)
        digest = hashlib.sha256(one.topic.encode() + b"\0" + one.payload).hexdigest()[:16]
        return Message(content, key=f"{self.session[:8]}:{one.mid}:{digest}", may_repeat=one.dup)
