"""Checks of a whole staged answer against what its source is expected to give; a failed check holds the run back.

Checks of single values are in ``tabulate.py``. What may be expected is told in ``expectations.py``, the checks stand in
``checks.py``, what became of the columns in ``drift.py``.
"""

import datetime as dt
from collections.abc import Collection

from catalog.records.checks import CHECKS, refused_findings
from catalog.records.drift import find_drift
from catalog.records.engine import Limits
from catalog.records.expectations import Expectations
from catalog.records.findings import Report
from catalog.records.inspection import Inspection
from catalog.records.repeated import refuse_repeated_keys
from catalog.records.staged import Staged


def validate(
    staged: Staged,
    expectations: Expectations,
    *,
    previous_rows: int | None,
    limits: Limits,
    known_columns: Collection[str] = (),
    moment: dt.datetime | None = None,
) -> Report:
    """Refuse repeated keys in ``staged`` and return what the checks found.

    ``previous_rows`` is the size of the snapshot that the answer would replace; None when there is none or when the
    answer is added to it. ``known_columns`` are those that the source had before, none the first time. ``moment`` is when
    the answer was got: now, if nothing is said.
    """
    refuse_repeated_keys(staged, expectations.keep, limits)
    drift = find_drift(staged, known_columns, limits)
    moment = moment or dt.datetime.now(dt.UTC)
    inspection = Inspection(staged, expectations, previous_rows, drift, moment, limits)
    findings = [finding for check in CHECKS for finding in check.findings(inspection)]
    return Report(refused_findings(staged) + findings, drift.as_document())
