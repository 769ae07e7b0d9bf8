"""``manage.py selftest``: everything a change must pass. Ends with pytest's own summaries."""

import sys
from argparse import ArgumentParser
from collections.abc import Sequence

from django.core.management.base import BaseCommand

from datahub.selftest import (
    ON_POSTGRESQL,
    ON_SQLITE,
    Outcome,
    install_debian_packages,
    missing_packages,
    on_postgresql,
    on_sqlite,
    pytest_command,
    run_step,
    step_beside,
    with_redis,
)
from datahub.supervisor import interrupt_on_signals


class Command(BaseCommand):
    help = "Check the code and run all tests, on SQLite and again on PostgreSQL and Redis; exit 1 when anything failed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("arguments", nargs="*", help="arguments for pytest, after --: selftest -- -k parking")

    def handle(self, *, arguments: Sequence[str], **options: object) -> None:
        interrupt_on_signals()
        try:
            is_good = self.run(arguments)
        except KeyboardInterrupt:
            sys.exit(130)
        if not is_good:
            sys.exit(1)

    def run(self, arguments: Sequence[str]) -> bool:
        self.prepare_debian()
        checks = [
            run_step("ruff", [sys.executable, "-m", "ruff", "check", "."]),
            run_step("makemigrations", [sys.executable, "manage.py", "makemigrations", "--check", "--dry-run"]),
        ]
        suites = self.run_suites(arguments)
        for outcome in [*(check for check in checks if not check.is_good), *suites]:
            self.stdout.write(f"\n── {outcome.name} ──\n{outcome.words}")
        return all(outcome.is_good for outcome in checks + suites)

    def prepare_debian(self) -> None:
        if missing := missing_packages():
            self.stdout.write(f"데비안 패키지 설치 중 · installing {' '.join(missing)}")
            install_debian_packages(missing)
        if missing := missing_packages():
            names = " ".join(missing)
            self.stdout.write(
                f"다음 패키지가 없어 필요한 시험을 건너뜁니다: sudo apt install {names}\n"
                f"Tests that need these packages are skipped: sudo apt install {names}"
            )

    def run_suites(self, arguments: Sequence[str]) -> list[Outcome]:
        """Run the suite on both databases at once: each waits for processes and servers while the other computes."""
        name = "pytest: PostgreSQL, Redis"
        if {"postgresql", "redis-server"} & set(missing_packages()):
            skipped = Outcome(name, is_good=True, words="skipped: postgresql or redis-server is not installed")
            return [self.run_on_sqlite(arguments), skipped]
        with on_sqlite() as environment, with_redis(environment) as with_broker:
            command = on_postgresql(pytest_command(ON_POSTGRESQL, ["--database-only", *arguments]))
            with step_beside(name, command, with_broker) as finish:
                return [self.run_on_sqlite(arguments), finish()]

    def run_on_sqlite(self, arguments: Sequence[str]) -> Outcome:
        with on_sqlite() as environment:
            return run_step("pytest: SQLite", pytest_command(ON_SQLITE, arguments), environment)
