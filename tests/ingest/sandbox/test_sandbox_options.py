"""The options of both doors, ``python -m ingest.sandbox`` and ``manage.py sandbox``."""

from argparse import ArgumentParser

import pytest

from ingest.management.commands.sandbox import Command
from ingest.sandbox.run import FaultOption, add_options

PARSERS = {"module": ArgumentParser(), "django": Command().create_parser("manage.py", "sandbox")}
add_options(PARSERS["module"])


@pytest.mark.parametrize("door", PARSERS)
def test_both_doors_take_the_same_options(door: str) -> None:
    options = PARSERS[door].parse_args(
        ["--port", "0", "--key", "mine", "--daily-limit", "9", "--fault", "cctv=half", "--fault", "*=slow:3"]
    )

    assert (options.port, options.key, options.daily_limit) == (0, "mine", 9)
    assert options.fault == [FaultOption("cctv", "half", None), FaultOption("*", "slow", 3)]


def test_the_defaults_are_those_of_the_hub_file() -> None:
    options = PARSERS["module"].parse_args([])

    assert (options.host, options.port, options.key) == ("127.0.0.1", 8600, "sandbox-key")
    assert (options.daily_limit, options.fault, options.log) == (None, [], False)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("cctv", "Write SERVICE=FAULT or SERVICE=FAULT:COUNT."),
        ("cctv=half:often", "Write SERVICE=FAULT or SERVICE=FAULT:COUNT."),
        ("cctv=half:0", "count must be a whole number of at least 1."),
        ("nothing=half", "Unknown service 'nothing'"),
        ("cctv=fire", "Unknown fault 'fire'"),
    ],
)
def test_a_fault_that_cannot_be_meant_is_refused_with_what_could_be(
    value: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        PARSERS["module"].parse_args(["--fault", value])

    assert caught.value.code == 2
    assert told in capsys.readouterr().err
