"""A spreadsheet runs what looks like a formula, so nothing that a platform sent may look like one."""

import pytest

from ingest.refused_records import harmless


@pytest.mark.parametrize(
    ("sent", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+82-2-120", "'+82-2-120"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("-cmd", "'-cmd"),
        ("\t=1", "'\t=1"),
        ("-5", "-5"),
        ("+1,234.5", "+1,234.5"),
        ("12", "12"),
        ("강남구", "강남구"),
        ("", ""),
    ],
)
def test_a_formula_becomes_text_and_a_number_stays_one(sent: str, written: str) -> None:
    assert harmless(sent) == written
