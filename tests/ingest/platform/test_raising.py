"""A rule over a dataset raises occurrences: each snapshot once, the latest record of each subject, from 10 to 50."""

import datetime as dt
import json

import pytest
from builders import make_dataset
from django.db import OperationalError, connection, transaction
from django.utils import timezone
from sending_to import FIRST, LEVELS, level, make_levels, make_receiver, make_rule, outgoing, publish, raise_now

from catalog.models import Dataset
from catalog.publish import guard_dataset, restore_dataset, withdraw_dataset
from catalog.records import Column, Geometry, Schema
from ingest.errors import BadSetup
from ingest.models import OutgoingMessage, RaisedOccurrence, SendingRule
from ingest.platform import raising
from ingest.platform.fulfilling import as_text, filled, names_in
from ingest.platform.outgoing import event_of, requested_at
from ingest.platform.raising import ask_again, raise_by, raise_events
from ingest.platform.sending_rules import check_sending_rule, preview_sending

pytestmark = pytest.mark.django_db
ERRORS = ("last_error_ko", "last_error_en")


def told_events() -> list[dict]:
    return list(OutgoingMessage.objects.order_by("id").values_list("event", flat=True))


LIVES = [
    ("it crosses the limit", [[level("a", 3.0)], [level("a", 3.6, 1)]], [("a", "10")]),
    ("it stays above and says the same", [[level("a", 3.6)], [level("a", 3.6, 1)]], [("a", "10")]),
    ("it rises further", [[level("a", 3.6)], [level("a", 3.9, 1)]], [("a", "10"), ("a", "40")]),
    ("it falls", [[level("a", 3.6)], [level("a", 3.4, 1)]], [("a", "10"), ("a", "50")]),
    ("its record is gone", [[level("a", 3.6), level("b", 1)], [level("b", 1)]], [("a", "10"), ("a", "50")]),
    ("it rises again", [[level("a", 4)], [level("a", 1)], [level("a", 4, 2)]], [("a", "10"), ("a", "50"), ("a", "10")]),
    ("an older record was high", [[level("a", 9.9, 0), level("a", 1.0, 5)]], []),
    ("an older record was low", [[level("a", 1.0, 0), level("a", 9.9, 5)]], [("a", "10")]),
    ("its level is not known", [[level("a", "")]], []),
    ("several at once", [[level("a", 4), level("b", 1), level("c", 5)]], [("a", "10"), ("c", "10")]),
]


@pytest.mark.parametrize(("snapshots", "expected"), [row[1:] for row in LIVES], ids=[row[0] for row in LIVES])
def test_the_latest_record_of_a_subject_decides_what_is_told(snapshots, expected):
    dataset = make_levels()
    make_rule(dataset)
    for rows in snapshots:
        publish(dataset, rows)
        raise_now()
        raise_now()
    assert sorted(outgoing()) == sorted(expected)
    assert [one for one in outgoing() if one[0] == "a"] == [one for one in expected if one[0] == "a"]


def test_a_message_tells_place_text_items_and_moments_and_is_the_same_each_time():
    make_rule(make_levels([level("a", 4.25)]))
    raise_now()
    message = OutgoingMessage.objects.get()
    event = event_of(message)
    assert (event.event_id, event.event_name, event.grade, str(event.status)) == (
        "DUCDP110", "재난정보 긴급지원", "10", "10"
    )  # fmt: skip
    assert (event.place, event.content, event.items) == ("a번 다리", "수위 4.25 m", (("LEVEL", "4.25"),))
    assert (event.longitude, event.latitude, event.occurred_at) == (127.01, 36.61, FIRST)
    again = OutgoingMessage.objects.get()
    assert (event_of(again), requested_at(again)) == (event, requested_at(message))


def test_a_changed_and_an_ended_occurrence_keep_number_and_beginning():
    dataset = make_levels([level("a", 4)])
    make_rule(dataset)
    raise_now()
    publish(dataset, [level("a", 5, 10)])
    raise_now()
    publish(dataset, [level("a", 1, 20)])
    raise_now()
    first, second, third = told_events()
    assert first["number"] == second["number"] == third["number"] == RaisedOccurrence.objects.get().number
    assert first["occurred_at"] == second["occurred_at"] == third["occurred_at"]
    assert (first["ended_at"], second["ended_at"]) == (None, None)
    assert dt.datetime.fromisoformat(third["ended_at"]) == RaisedOccurrence.objects.get().ended_at
    assert (second["content"], third["content"]) == ("수위 5 m", "수위 5 m")


def test_what_is_told_of_an_occurrence_is_told_in_different_seconds():
    dataset = make_levels()
    make_rule(dataset)
    now = dt.datetime(2026, 11, 1, 3, 0, 0, 500_000, tzinfo=dt.UTC)
    for height in (4, 5, 6, 1):
        publish(dataset, [level("a", height)])
        raise_events(now)
    seconds = [event_of(one).status_at.second for one in OutgoingMessage.objects.order_by("id")]
    assert seconds == [0, 1, 2, 3]


def test_numbers_are_moments_in_korea_and_differ_between_all_rules_of_a_sender():
    dataset = make_levels([level(f"s{number}", 4) for number in range(5)])
    receiver = make_receiver()
    make_rule(dataset, receiver)
    make_rule(dataset, receiver, slug="second")
    now = dt.datetime(2026, 11, 1, 3, 0, 0, 7000, tzinfo=dt.UTC)
    assert raise_events(now) == 10
    numbers = sorted(RaisedOccurrence.objects.values_list("number", flat=True))
    assert numbers == [f"20261101120000{7 + number:03d}" for number in range(10)]


def test_a_dataset_without_time_asks_every_record():
    schema = Schema(columns=(Column("station"), Column("water_level", "number")))
    dataset = make_dataset("no-time", schema=schema)
    rows = [("a", "1"), ("a", "4"), ("b", "1"), ("", "9")]
    publish(dataset, [{"station": station, "water_level": value} for station, value in rows])
    make_rule(dataset, place="")
    raise_now()
    assert outgoing() == [("a", "10")]


def test_a_subject_of_two_columns_and_a_place_that_is_a_shape():
    schema = Schema(
        columns=(Column("station"), Column("line"), Column("at", "geometry"), Column("water_level", "number")),
        geometry=Geometry(column="at"),
    )
    dataset = make_dataset("shapes", schema=schema)
    point = json.dumps({"type": "Point", "coordinates": [127.5, 36.5]})
    publish(dataset, [{"station": "a", "line": "2", "at": point, "water_level": "4"}])
    make_rule(dataset, subject=["station", "line"], place="{station}/{line} {{역}}")
    raise_now()
    assert outgoing() == [('["a","2"]', "10")]
    [event] = told_events()
    assert (event["place"], event["longitude"], event["latitude"]) == ("a/2 {역}", 127.5, 36.5)


def test_more_new_occurrences_than_can_be_meant_send_nothing_and_say_so(monkeypatch):
    monkeypatch.setattr(raising, "MOST_NEW", 3)
    dataset = make_levels([level("a", 4), level("b", 4)])
    rule = make_rule(dataset)
    raise_now()
    publish(dataset, [level(f"s{number}", 4) for number in range(4)])
    assert raise_now() == 0
    rule.refresh_from_db()
    assert "3" in rule.last_error_ko and "보내지 않았습니다" in rule.last_error_ko
    assert outgoing() == [("a", "10"), ("b", "10")]
    publish(dataset, [level("a", 4), level("c", 4)])
    raise_now()
    rule.refresh_from_db()
    assert (rule.last_error_ko, sorted(outgoing()[2:])) == ("", [("b", "50"), ("c", "10")])


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"condition": "no_such > 1"}, "no_such"),
        ({"condition": "water_level >>> 1"}, "CQL2"),
        ({"place": "{gone}"}, "gone"),
    ],
)
def test_a_rule_that_cannot_be_asked_says_why_and_is_asked_again_with_new_data(columns, words):
    dataset = make_levels([level("a", 4)])
    rule = make_rule(dataset, **columns)
    assert raise_now() == 0
    rule.refresh_from_db()
    assert words in rule.last_error_ko and words in rule.last_error_en
    assert rule.seen_snapshot == dataset.current_snapshot.digest
    SendingRule.objects.filter(pk=rule.pk).update(condition="water_level > 1", place="")
    assert raise_now() == 0
    publish(dataset, [level("a", 4.5)])
    assert raise_now() == 1
    rule.refresh_from_db()
    assert rule.last_error_ko == ""


def test_a_guarded_dataset_is_not_asked():
    dataset = make_levels([level("a", 4)])
    rule = make_rule(dataset)
    Dataset.objects.filter(pk=dataset.pk).update(access_level="non-public")
    guard_dataset(dataset.slug)
    assert raise_now() == 0
    rule.refresh_from_db()
    assert all(getattr(rule, name) for name in ERRORS)
    assert not OutgoingMessage.objects.exists()


def test_a_withdrawn_dataset_lets_its_rules_rest_until_it_is_back():
    dataset = make_levels([level("a", 4)])
    rule = make_rule(dataset)
    withdraw_dataset(dataset.slug)
    assert raise_now() == 0
    rule.refresh_from_db()
    assert "water-levels" in rule.last_error_ko
    restore_dataset(dataset.slug)
    assert raise_now() == 1


def test_a_rule_that_is_switched_off_cancels_what_it_raised():
    rule = make_rule(make_levels([level("a", 4), level("b", 5)]))
    raise_now()
    SendingRule.objects.update(is_enabled=False)
    assert (raise_now(), raise_now()) == (2, 0)
    assert outgoing()[2:] == [("a", "90"), ("b", "90")]
    SendingRule.objects.update(is_enabled=True)
    ask_again(rule)
    raise_now()
    assert outgoing()[4:] == [("a", "10"), ("b", "10")]


def test_two_workers_at_once_raise_once():
    dataset = make_levels([level("a", 4)])
    make_rule(dataset)
    first, second = SendingRule.objects.get(), SendingRule.objects.get()
    now = timezone.now()
    assert raise_by(first, now).began == 1
    assert raise_by(second, now).began == 0
    assert outgoing() == [("a", "10")]


def test_a_rule_that_was_changed_while_it_was_asked_writes_nothing_of_the_old_question():
    dataset = make_levels([level("a", 4)])
    rule = make_rule(dataset)
    held = SendingRule.objects.get()
    rule.condition = "water_level > 100"
    rule.save()
    ask_again(rule)
    assert raise_by(held, timezone.now()).began == 0
    assert raise_now() == 0
    assert outgoing() == []


def test_a_worker_that_dies_before_the_end_leaves_nothing_and_the_next_one_does_it_all():
    dataset = make_levels([level("a", 4), level("b", 4)])
    make_rule(dataset)

    def die(execute, sql, *arguments):
        if "INSERT INTO" in sql and "outgoingmessage" in sql:
            raise OperationalError("killed")
        return execute(sql, *arguments)

    with connection.execute_wrapper(die):
        assert raise_now() == 0
    assert not RaisedOccurrence.objects.exists()
    assert SendingRule.objects.get().seen_snapshot == ""
    assert raise_now() == 2


def test_a_fault_of_one_rule_keeps_nothing_from_the_others(monkeypatch):
    receiver = make_receiver()
    dataset = make_levels([level("a", 4)])
    make_rule(dataset, receiver, slug="a-broken", items=["not", "a", "table"])
    make_rule(dataset, receiver, slug="b-whole")
    assert raise_now() == 1
    assert SendingRule.objects.get(slug="a-broken").seen_snapshot == ""


WRONG = [
    ("event_id", {"event_id": "두 낱말"}),
    ("event_id", {"event_id": ""}),
    ("grade", {"grade": "7"}),
    ("subject", {"subject": []}),
    ("subject", {"subject": ["no_such"]}),
    ("items", {"items": {"LEVEL": "no_such"}}),
    ("items", {"items": ["water_level"]}),
    ("items", {"items": {"": "water_level"}}),
    ("content", {"content": "{no_such}"}),
    ("content", {"content": "{water_level.__class__}"}),
    ("content", {"content": "{water_level"}),
    ("place", {"place": "{water_level:>9999}"}),
    ("condition", {"condition": "no_such > 1"}),
    ("condition", {"condition": "water_level"}),
    ("condition", {"condition": ""}),
    ("condition", {"condition": "count(*) > 1"}),
]


@pytest.mark.parametrize(("field", "columns"), WRONG)
def test_a_rule_that_cannot_be_carried_out_is_refused_by_field(field, columns):
    rule = make_rule(make_levels([level("a", 4)]), **columns)
    with pytest.raises(BadSetup) as refused:
        check_sending_rule(rule)
    assert refused.value.values["where"] == field
    assert refused.value.text.ko and refused.value.text.en and refused.value.text.ko != refused.value.text.en


def test_a_rule_over_a_guarded_dataset_or_one_without_records_is_refused():
    rule = make_rule(make_levels([level("a", 4)]))
    check_sending_rule(rule)
    Dataset.objects.filter(slug="water-levels").update(access_level="non-public")
    guard_dataset("water-levels")
    for dataset in (Dataset.objects.get(slug="water-levels"), make_dataset("told-only", schema=None)):
        rule.dataset = dataset
        with pytest.raises(BadSetup, match=r"^dataset"):
            check_sending_rule(rule)


def test_kind_and_platform_do_not_change_while_an_occurrence_lasts():
    rule = make_rule(make_levels([level("a", 4)]))
    raise_now()
    rule.event_id = "OTHER1"
    with pytest.raises(BadSetup, match=r"^event_id"):
        check_sending_rule(rule)
    rule.event_id, rule.receiver = "DUCDP110", make_receiver(slug="second")
    with pytest.raises(BadSetup, match=r"^receiver"):
        check_sending_rule(rule)


def test_the_preview_tells_who_would_raise_now_and_raises_nothing():
    dataset = make_levels([level("a", 4)])
    rule = make_rule(dataset)
    raise_now()
    publish(dataset, [level("a", 4), level("b", 5), level("c", 1)])
    seen = preview_sending(SendingRule.objects.get())
    assert (seen.number, seen.known, seen.is_more) == (2, 1, False)
    assert sorted((one.subject, one.told.content) for one in seen.first) == [("a", "수위 4 m"), ("b", "수위 5 m")]
    assert outgoing() == [("a", "10")]
    assert rule.occurrences.count() == 1


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (3.0, "3"), (3.14159, "3.14159"), (12, "12"), (True, "true"), ("글\x00", "글�"), ({}, "")],
)
def test_values_are_written_for_people(value, text):
    assert as_text(value) == text


def test_a_text_is_filled_with_columns_and_nothing_else():
    assert filled("{a}와 {{b}} {a}", {"a": 1.50}) == "1.5와 {b} 1.5"
    assert names_in("{a} {b}") == ["a", "b"]
    assert transaction.get_connection() and LEVELS.time
