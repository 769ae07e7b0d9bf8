"""A process that has loaded everything looks for garbage again, but not among what it has loaded."""

import gc
import subprocess
import sys
from pathlib import Path


def test_what_was_loaded_is_never_looked_at_again_and_garbage_is_collected():
    assert gc.isenabled()
    assert gc.get_freeze_count() > 100_000


def test_a_command_ends_without_a_word_of_what_was_not_freed():
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "manage.py", "check"], cwd=root, capture_output=True, text=True, check=True)
    assert done.stderr == ""


STARTS = """
import sys
from celery.signals import celeryd_init
from datahub.celery import app
app.loader.init_worker()
assert not {"ingest.tasks", "ingest.connectors", "catalog.admin", "rest_framework.views"} & set(sys.modules)
import datahub.management.commands.serve
assert "ingest.connectors" not in sys.modules
celeryd_init.send(sender="worker")
assert {entry["task"] for entry in app.conf.beat_schedule.values()} <= set(app.tasks)
assert not {"catalog.admin", "rest_framework.views"} & set(sys.modules)
"""


def test_the_schedule_and_the_process_tree_load_no_connectors_and_a_worker_no_doors():
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", STARTS], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
