"""``manage.py send_events URL``: emergencies of the sandbox's city, sent to a hub as an integrated platform would."""

import sys
from argparse import FileType
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from ingest.platform.wire import Cipher
from ingest.sandbox.city import DEFAULT_SEED
from ingest.sandbox.events import CODE, Telling
from ingest.sandbox.sender import Course, send_course


class Command(BaseCommand):
    help = (
        "한빛시의 긴급 상황을 통합플랫폼처럼 허브에 보내고 결과를 셉니다. "
        "Send emergencies of the sandbox's city to a hub, as its integrated platform would, and count the answers."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("url", metavar="URL", help="…/platform/events")
        parser.add_argument("--key", default="", help="플랫폼의 키 / the platform's key")
        parser.add_argument("--rate", type=float, default=20, help="1초에 몇 건 / messages a second (%(default)s)")
        parser.add_argument("--seconds", type=float, default=10, help="몇 초 동안 / for how long (%(default)s)")
        parser.add_argument("--connections", type=int, default=8, help="연결 수 / connections (%(default)s)")
        parser.add_argument("--seed", type=int, default=DEFAULT_SEED, help="씨앗 / another seed tells other events")
        parser.add_argument("--code", default=CODE, help="송신 도시 코드 / its sendCd (%(default)s)")
        parser.add_argument("--cipher-key", default="", help="본문을 암호화할 키 / encrypts the bodies")
        parser.add_argument("--form", action="store_true", help="폼으로 보내기 / send forms instead of JSON")
        parser.add_argument("--parts", type=int, default=1, help="나누어 보낼 조각 수 / parts of each message")
        parser.add_argument("--misbehave", action="store_true", help="잘못 섞기 / now and then send what is wrong")
        parser.add_argument(
            "--repeat", action="store_true", help="답을 못 받으면 다시 보내기 / send again what got no answer"
        )
        parser.add_argument("--log", type=FileType("w", encoding="utf-8"), help="답마다 한 줄 / a line for each answer")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        cipher = Cipher(options["cipher_key"]) if options["cipher_key"] else None
        code = options["code"]
        course = Course(
            url=options["url"],
            telling=Telling(options["key"], cipher, options["form"], options["parts"], code, code),
            rate=options["rate"],
            seconds=options["seconds"],
            connections=options["connections"],
            seed=options["seed"],
            misbehaves=options["misbehave"],
            repeats=options["repeat"],
        )
        tally = send_course(course, options["log"])
        codes = ", ".join(f"{code} {count:,}" for code, count in sorted(tally.codes.items())) or "-"
        self.stdout.write(f"accepted {tally.accepted:,} · refused {tally.refused:,} · lost {tally.lost:,}")
        self.stdout.write(f"codes: {codes}")
        self.stdout.write(f"p50 {tally.wait_at(0.5) * 1000:.1f} ms · p95 {tally.wait_at(0.95) * 1000:.1f} ms")
        if tally.lost:
            sys.exit(1)
