"""What every platform with chained pages is put through, and what must never be told of it."""

import logging
import traceback

import pytest


def untold(secret, caplog, pull, error):
    """Run a pull that must fail, and say whether the secret shows in nothing that is said of it."""
    caplog.set_level(logging.DEBUG)
    with pytest.raises(error) as raised:
        pull()
    told = "".join(traceback.format_exception(raised.value)) + caplog.text + repr(raised.value.values)
    return secret not in told


def slice_of(rows, request, start, size):
    """Return the rows that a request asks for by the names of its parameters, with where they begin."""
    begin = int(request.query.get(start, 0))
    return begin, rows[begin : begin + int(request.query[size])]
