"""Starting the sandbox from a command line: its options, its opening lines, its end. Two doors share it:
``python -m ingest.sandbox`` and ``manage.py sandbox``."""

import errno
import signal
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from contextlib import ExitStack
from dataclasses import dataclass
from threading import Event
from typing import TextIO

from catalog.text import Text
from ingest.sandbox.city import DEFAULT_SEED
from ingest.sandbox.faults import FAULTS, BadSwitch, Switchboard
from ingest.sandbox.platform import PlatformDesk
from ingest.sandbox.server import running
from ingest.sandbox.services import SERVICES
from ingest.sandbox.world import DEFAULT_KEY, Budget, World

DEFAULT_PORT = 8600
DESCRIPTION = "한빛시 시험 플랫폼을 엽니다. Serve the sandbox platform of an imaginary city, Hanbit."
OPENED = Text(
    ko="한빛시 시험 플랫폼이 열렸습니다: {url}/ (인증키 {key}, 끝내려면 Ctrl-C)",
    en="The Hanbit City sandbox is open at {url}/ (key {key}, Ctrl-C ends it)",
)
PORT_TAKEN = Text(
    ko="{host}:{port}은(는) 다른 프로그램이 쓰고 있습니다. --port로 다른 포트를 고르십시오 (0이면 빈 포트).",
    en="{host}:{port} is used by another program; choose another port with --port (0 takes a free one).",
)
CANNOT_LISTEN = Text(ko="{host}:{port}을(를) 열 수 없습니다: {reason}", en="Cannot listen on {host}:{port}: {reason}")
BAD_OPTION = Text(
    ko="'서비스=고장' 또는 '서비스=고장:횟수'로 쓰십시오.", en="Write SERVICE=FAULT or SERVICE=FAULT:COUNT."
)


@dataclass(frozen=True)
class FaultOption:
    """``SERVICE=FAULT`` or ``SERVICE=FAULT:COUNT`` of the command line."""

    service: str
    fault: str
    count: int | None


def add_options(parser: ArgumentParser) -> None:
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="포트, 0이면 빈 포트 / port, 0 takes a free one")
    parser.add_argument("--host", default="127.0.0.1", help="받을 주소 / address to listen on")
    parser.add_argument("--key", default=DEFAULT_KEY, help="인증키 / the key that is accepted (%(default)s)")
    parser.add_argument("--daily-limit", type=int, metavar="N", help="하루 호출 한도 / calls a day per service and key")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED, help="자료의 씨앗 / another seed gives other data")
    parser.add_argument(
        "--fault",
        type=read_fault_option,
        action="append",
        default=[],
        metavar="SERVICE=FAULT[:COUNT]",
        help=f"고장 켜기 / switch a fault on, repeatable. SERVICE: *, {', '.join(SERVICES)}. FAULT: {', '.join(FAULTS)}",
    )
    parser.add_argument(
        "--cipher-key", default="", help="통합플랫폼의 암호 키 / what bodies of events are encrypted with"
    )
    parser.add_argument("--log", action="store_true", help="요청마다 한 줄 / a line for each request, the key masked")


def read_fault_option(text: str) -> FaultOption:
    service, equals, fault = text.partition("=")
    fault, colon, count = fault.partition(":")
    option = FaultOption(service, fault, int(count) if count.isdecimal() else None)
    try:
        if not equals or (colon and option.count is None):
            raise BadSwitch(BAD_OPTION)
        Switchboard().switch_on(option.service, option.fault, option.count)
    except BadSwitch as error:
        raise ArgumentTypeError(f"{error.text.ko} {error.text.en}") from error
    return option


def run(options: Namespace) -> int:
    """Serve until SIGTERM or SIGINT and return the exit code; a port that cannot be had is a sentence and code 2."""
    desk = PlatformDesk(cipher_key=options.cipher_key)
    world = World(seed=options.seed, key=options.key, budget=Budget(options.daily_limit), platform=desk)
    for option in options.fault:
        world.faults.switch_on(option.service, option.fault, option.count)
    ended = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    with ExitStack() as stack:
        try:
            server = stack.enter_context(running(world, host=options.host, port=options.port, logs=options.log))
        except (OSError, OverflowError) as error:
            is_taken = getattr(error, "errno", None) == errno.EADDRINUSE
            print_both(
                PORT_TAKEN if is_taken else CANNOT_LISTEN,
                sys.stderr,
                host=options.host,
                port=options.port,
                reason=error,
            )
            return 2
        print_both(OPENED, sys.stdout, url=server.url, key=options.key)
        ended.wait()
    return 0


def print_both(text: Text, stream: TextIO, **values: object) -> None:
    told = text.format(**values)
    print(told.ko, told.en, sep="\n", file=stream, flush=True)
