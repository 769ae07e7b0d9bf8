"""A lease that is renewed from a thread of its own: how its loss is told, and what a database that is away does to it."""

import pytest
from django.db import OperationalError

from catalog.heartbeat import Heartbeat


class Gone(Exception):
    """What the owner of the lease calls its loss."""


def beating(*answers: bool | Exception) -> Heartbeat:
    """Return the heartbeat of a lease whose renewals end as told, one after the other."""
    told = iter(answers)

    def renew() -> bool:
        answer = next(told)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return Heartbeat("work 1", renew, every_seconds=0.001, lost=Gone)


def test_a_heart_beats_until_the_lease_is_lost_and_the_next_check_says_so():
    with beating(True, True, False) as heartbeat:
        heartbeat.check()
        heartbeat.thread.join()
        with pytest.raises(Gone):
            heartbeat.check()


def test_a_database_that_is_away_for_a_beat_does_not_lose_the_lease(caplog):
    with beating(True, OperationalError("it is busy"), True, False) as heartbeat:
        heartbeat.thread.join()
    assert heartbeat.is_lost
    assert [record.getMessage() for record in caplog.records] == [
        "the lease of work 1 could not be renewed: it is busy"
    ]


def test_a_heart_that_has_not_beaten_yet_stops_with_the_work():
    heartbeat = Heartbeat("work 1", lambda: False, every_seconds=60.0, lost=Gone)
    with heartbeat:
        pass
    assert not heartbeat.is_lost
    assert not heartbeat.thread.is_alive()
