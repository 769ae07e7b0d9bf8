"""The audit log: one chain without gaps, in which every later change shows, and which forgets what is over its days."""

import datetime as dt
import hashlib
import io
import json
import logging
from collections.abc import Callable

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils import timezone

from catalog.audit import Actor, Done, Head, forget_old_acts, head_of_log, prove_log, record_acts, tell_head
from catalog.models import AuditEntry, AuditHead

pytestmark = pytest.mark.django_db

KIM = Actor("김주무관", 7, "192.0.2.7")
CHANGED = AuditEntry.Act.CHANGED


def record(*names: str) -> None:
    for name in names:
        record_acts(KIM, [Done(CHANGED, "catalog.dataset", "3", name, [{"changed": {"fields": ["Title"]}}])])


def flaws(*noted: Head) -> list[str]:
    return [flaw.en for flaw in prove_log(noted)]


def test_what_is_recorded_is_told_with_its_number_and_is_whole() -> None:
    record("parks", "주차장")
    record_acts(KIM, [Done(AuditEntry.Act.DELETED, object_name=name) for name in ("a", "b")])
    entries = AuditEntry.objects.order_by("number")
    assert [entry.number for entry in entries] == [1, 2, 3, 4]
    assert (entries[1].user_name, entries[1].user_id, entries[1].address) == ("김주무관", 7, "192.0.2.7")
    assert entries[1].object_name == "주차장"
    assert flaws() == []
    record_acts(KIM, [])
    assert head_of_log().number == 4


def test_an_act_that_is_undone_is_not_told() -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        record("parks")
        raise RuntimeError
    assert not AuditEntry.objects.exists()
    assert flaws() == []


@pytest.mark.parametrize(
    ("tamper", "told"),
    [
        (lambda entries: entries.filter(number=3).update(user_name="이주무관"), ["Entry 3 was altered."]),
        (lambda entries: entries.filter(number=3).update(told=""), ["Entry 3 was altered."]),
        (lambda entries: entries.filter(number=3).update(at=timezone.now()), ["Entry 3 was altered."]),
        (lambda entries: entries.filter(number=3).update(digest="0" * 64), ["Entry 3 was altered.", "Entry 4 was altered."]),
        (lambda entries: entries.filter(number=1).delete(), ["Entry 1 is missing."]),
        (lambda entries: entries.filter(number__in=(2, 3)).delete(), ["Entry 2 is missing.", "Entry 3 is missing."]),
        (lambda entries: entries.filter(number=5).delete(), ["The last entry should be number 5, but the log ends with 4."]),
        (lambda entries: entries.all().delete(), ["The last entry should be number 5, but the log ends with 0."]),
        (lambda entries: AuditHead.objects.update(number=4), ["Entry 5 was altered."]),
    ],
)  # fmt: skip
def test_whatever_is_changed_afterwards_is_found(tamper: Callable[..., object], told: list[str]) -> None:
    record("a", "b", "c", "d", "e")
    tamper(AuditEntry.objects)
    assert flaws() == told


def test_a_chain_that_was_written_anew_is_found_by_a_head_that_was_noted() -> None:
    record("a", "b", "c")
    noted = head_of_log()
    AuditEntry.objects.all().delete()
    AuditHead.objects.all().delete()
    record("a", "b", "x", "d")
    assert flaws() == []  # it follows from itself
    assert flaws(noted) == ["Entry 3 is not the one whose digest was noted."]
    assert flaws(Head(9, "0" * 64)) == ["The last entry should be number 9, but the log ends with 4."]


def test_old_entries_are_forgotten_by_the_month_and_the_chain_goes_on(settings) -> None:
    settings.AUDIT_DAYS = 365
    record("a", "b", "c")
    now = timezone.now()
    assert forget_old_acts(now + dt.timedelta(days=380)) == 0  # over their time, but not by a month
    assert forget_old_acts(now + dt.timedelta(days=400)) == 3
    assert list(AuditEntry.objects.values_list("number", "act", "object_id")) == [(4, "forgotten", "3")]
    record("d", "e")
    assert flaws() == []
    AuditEntry.objects.filter(number=5).delete()
    assert flaws() == ["Entry 5 is missing."]


def test_the_log_of_the_worker_tells_the_head(caplog: pytest.LogCaptureFixture) -> None:
    record("a")
    with caplog.at_level(logging.INFO, "catalog.audit"):
        tell_head()
    assert str(head_of_log()) in caplog.text


def test_the_command_proves_the_log_or_fails() -> None:
    record("a", "b")
    out = io.StringIO()
    call_command("prove_audit", stdout=out)
    assert out.getvalue().strip() == str(head_of_log())
    call_command("prove_audit", "--head", out.getvalue().strip(), stdout=out)
    AuditEntry.objects.filter(number=1).update(address="198.51.100.1")
    err = io.StringIO()
    with pytest.raises(CommandError, match=r"1곳.* at 1 place"):
        call_command("prove_audit", stderr=err)
    assert "기록 1번이 고쳐졌습니다." in err.getvalue()
    with pytest.raises(CommandError, match="is no head"):
        call_command("prove_audit", "--head", "1:abc")


def test_what_is_exported_can_be_proven_by_others() -> None:
    record("공원", "b")
    record_acts(Actor("root"), [Done(AuditEntry.Act.COMMAND, object_name="start_over")])
    out = io.StringIO()
    call_command("export_audit", stdout=out)
    digest = ""
    for line in out.getvalue().splitlines():
        entry = json.loads(line)
        told = [entry[name] for name in (
            "number", "at", "user_id", "user_name", "address", "act", "model", "object_id", "object_name", "told"
        )]  # fmt: skip
        text = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
        digest = hashlib.sha256((digest + text).encode()).hexdigest()
        assert digest == entry["digest"]
    assert head_of_log().digest == digest
    out = io.StringIO()
    call_command("export_audit", "--after", "2", stdout=out)
    assert json.loads(out.getvalue())["object_name"] == "start_over"
