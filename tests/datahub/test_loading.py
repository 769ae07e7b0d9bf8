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
