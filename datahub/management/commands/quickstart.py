"""``manage.py quickstart``: from a fresh clone to a hub with data in it, served until Ctrl-C."""

import logging
from argparse import ArgumentParser
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console

from datahub.api_check import check_api
from datahub.processes import hub_processes, stay
from datahub.pulls import offer_runs, watch_runs
from datahub.quickstart import (
    LOOPBACK,
    added_settings,
    apply_file,
    check_alive,
    check_files,
    check_port,
    free_port,
    kept_sandbox_port,
    migrate,
    prepare_data_folder,
    sandbox_process,
    steward_password,
    wait_until_open,
)
from datahub.showcase import show_hub
from datahub.supervisor import Supervisor, interrupt_on_signals
from datahub.tiers.check import check_tiers
from datahub.tiers.place import held, places, running_places, tiers_folder
from datahub.tiers.show import show_tiers
from datahub.tiers.start import found_tiers, running_tiers
from datahub.translations import compile_translations

SECRETS = {"SANDBOX_KEY": "sandbox-key"}  # what the sandbox platform accepts
NOT_AS_IT_SHOULD = "확인하지 못한 것이 있습니다. · Not everything is as it should be."
RUNNING_ALREADY = (
    "이 데이터 폴더의 허브들이 이미 실행 중입니다. --check를 붙이면 그대로 확인합니다.\n"
    "The hubs of this data folder are running already; with --check they are checked as they are."
)
TIERS_ALONE = (
    "--tiers에는 --check만 붙일 수 있습니다. 허브들은 이 컴퓨터의 빈 포트에서 열립니다.\n"
    "--tiers goes with --check alone; the hubs answer on free ports of this machine."
)
PORT = 8000
STAY_SECONDS = 60.0
GRACE = 10.0  # a pull that is cut off is taken up again at the next start


class Command(BaseCommand):
    help = "Run a hub with data in it, of an imaginary city or from real files; nothing is left running after Ctrl-C."
    requires_system_checks = ()  # they would load every door, which the web server does at the same time

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="do it all on a free port, ask the API, exit 0 or 1")
        parser.add_argument(
            "--data", type=Path, metavar="DIR", help="pull the real Korean files that lie in DIR instead"
        )
        parser.add_argument(
            "--tiers", action="store_true", help="two cities, a region and a nation instead, each a hub of its own"
        )
        parser.add_argument("--host", default=LOOPBACK, help="address to answer on (default: this machine only)")
        parser.add_argument("--port", type=int, default=PORT, help="port to answer on (default: 8000)")

    def handle(self, *, check: bool, data: Path | None, tiers: bool, host: str, port: int, **options: object) -> None:
        if tiers and (data or (host, port) != (LOOPBACK, PORT)):
            raise CommandError(TIERS_ALONE)
        logging.disable(logging.INFO)  # the terminal is for the newcomer, the programs have logs of their own
        interrupt_on_signals()
        try:
            if tiers:
                self.run_tiers(check=check)
                return
            self.run(check=check, files=data and check_files(data), host=host, port=free_port(host) if check else port)
        except KeyboardInterrupt:
            self.stdout.write("\n끝났습니다 · ended")

    def run(self, *, check: bool, files: Path | None, host: str, port: int) -> None:
        console = Console(highlight=False)
        check_port(host, port)
        prepare_data_folder()
        console.print(f"데이터 폴더를 준비하는 중 · preparing {settings.DATA_DIR}")
        migrate()
        compile_translations()
        password = steward_password()
        children = hub_processes(host=host, port=port, environment=added_settings(host, files), secrets=SECRETS)
        if files:
            apply_file("ingest/hubs/korea.toml", base=files)
        else:
            sandbox_port = kept_sandbox_port()
            apply_file("ingest/sandbox/hub.toml", values={"sandbox_port": str(sandbox_port)})
            children.append(sandbox_process(sandbox_port))

        with Supervisor(children, grace=GRACE) as tree:
            base = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
            if not files:
                wait_until_open(tree, "sandbox", f"http://{LOOPBACK}:{sandbox_port}/")
            if runs := offer_runs():
                console.print(f"소스 {len(runs)}개에서 자료를 가져오는 중 · pulling from {len(runs)} sources")
                watch_runs(runs, console, check=lambda: check_alive(tree))
            wait_until_open(tree, "web", f"{base}/readyz")
            show_hub(console, base, password)
            if check:
                if not check_api(base, console):
                    raise CommandError(NOT_AS_IT_SHOULD)
                return
            console.print("\n끝내려면 Ctrl-C · Ctrl-C ends it")
            stay(tree, environment=added_settings(host, files), secrets=SECRETS)

    def run_tiers(self, *, check: bool) -> None:
        """Run the hubs of the three tiers; with ``check`` those that run already are checked as they are."""
        console = Console(highlight=False)
        prepare_data_folder()
        compile_translations()
        with held(tiers_folder()) as is_ours:
            if not is_ours and not check:
                raise CommandError(RUNNING_ALREADY)
            with running_tiers(places(), console) if is_ours else found_tiers(running_places()) as tiers:
                if is_ours:
                    show_tiers(tiers, console)
                if check:
                    if not check_tiers(tiers, console):
                        raise CommandError(NOT_AS_IT_SHOULD)
                    return
                tiers.close_desks()
                console.print("\n끝내려면 Ctrl-C · Ctrl-C ends it")
                while True:
                    tiers.tree.wait(STAY_SECONDS)
