"""What ``selftest`` repeats at its end."""

import pytest

from datahub.selftest import DebianPackage, last_words

FAILURE = """\
...F
=========================== short test summary info ============================
FAILED tests/test_floors.py::test_a - assert
SKIPPED [1] tests/test_b.py:3: no Chromium here
=================== 1 failed, 20 passed, 1 skipped in 83.29s (0:01:23) ====================
"""


@pytest.mark.parametrize(
    ("output", "words"),
    [
        (FAILURE, FAILURE.removeprefix("...F\n").rstrip()),
        (FAILURE + "*** /var/log/postgresql/main.log ***\nDropping cluster\n", FAILURE.removeprefix("...F\n").rstrip()),
        ("....\n\x1b[32m4 passed\x1b[0m\x1b[32m in 0.12s\x1b[0m\n", "\x1b[32m4 passed\x1b[0m\x1b[32m in 0.12s\x1b[0m"),
        ("4 passed in 0.12s\n", "4 passed in 0.12s"),
        ("a line\nERROR: no such file\n", "ERROR: no such file"),
        ("", ""),
    ],
    ids=["failures", "noise after it", "in colour", "quiet", "no pytest", "nothing"],
)
def test_the_last_words_are_pytests_summary(output, words):
    assert last_words(output) == words


@pytest.mark.parametrize(
    ("sign", "is_here"), [("sh", True), ("no-such-program", False), ("/", True), ("/no/such", False)]
)
def test_a_debian_package_is_known_by_its_sign(sign, is_here):
    assert DebianPackage("some-package", sign).is_here is is_here
