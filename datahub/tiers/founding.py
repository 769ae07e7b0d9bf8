"""What ``python -m datahub.tiers founding`` does inside one hub of the tiers: all that the desk does, and the hub's beginning."""

import shutil
from io import StringIO
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from catalog.feed import begin_epoch
from datahub.quickstart import apply_file, steward_password
from datahub.tiers import desk
from ingest.federation.identity import fingerprint_of, own_hub, signing_key
from ingest.models import HubKey, Run, Source
from ingest.pipeline import pull_run
from ingest.runs import enter_run

FILES = Path("ingest/hubs/tiers")


def serve() -> None:
    desk.serve_with({**desk.DOES, "make_tables": make_tables, "prepare": prepare})


def make_tables() -> None:
    """Make the tables, or bring those of an older version up to this one."""
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", verbosity=0, interactive=False)
        call_command("reindex", missing=True, stdout=StringIO())


def prepare(hub: str) -> dict[str, Any]:
    """Bring the hub to what its file says, pull what it has not pulled yet, and tell who it is and how to sign in."""
    files = settings.DATA_DIR / "files"
    files.mkdir(exist_ok=True)
    for file in sorted((settings.BASE_DIR / FILES / hub).glob("*.csv")):
        if not (files / file.name).exists():
            shutil.copyfile(file, files / file.name)
    apply_file(str(FILES / f"{hub}.toml"), base=files)
    note_address()
    new = [one for one in Source.objects.all() if not one.runs.filter(state=Run.State.PUBLISHED).exists()]
    key, _ = signing_key()
    return {
        "id": str(own_hub().pk),
        "fingerprint": fingerprint_of(HubKey.objects.get(pk=key).public),
        "password": steward_password(),
        "runs": [pull_here(source) for source in new],
    }


def note_address() -> None:
    """Have everybody who reads this hub start over when its address is not that of its last start."""
    kept = settings.DATA_DIR / "address"
    if kept.exists() and kept.read_text(encoding="ascii") != settings.BASE_URL:
        begin_epoch()
    kept.write_text(settings.BASE_URL, encoding="ascii")


def pull_here(source: Source) -> dict[str, Any]:
    """Pull a source of which nothing has been published yet; no worker runs at this time."""
    run = enter_run(source)
    pull_run(run.pk)
    run.refresh_from_db()
    return desk.told_run(run)
