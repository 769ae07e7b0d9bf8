"""The table of faults: what can go wrong on purpose, told in a sentence, and the function that does it.

A fault refuses the call, or changes the page of rows, or changes the finished answer. Which fault is on for which
service is kept by a ``Switchboard``; ``?fault=NAME`` on a single call goes around it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum, auto
from threading import Lock

from catalog.text import Text
from ingest.sandbox.messages import HTML_TYPE, Answer, Delivery, Page
from ingest.sandbox.services import SERVICES, Service

WRONG_TEXT = "점검중"
EVERY = 10  # wrong types come in the first row and in every tenth after it
UNKNOWN_SERVICE = Text(
    ko="'{name}' 서비스는 없습니다. 쓸 수 있는 것: *, {allowed}",
    en="Unknown service '{name}'; allowed: *, {allowed}",
)
UNKNOWN_FAULT = Text(
    ko="'{name}' 고장은 없습니다. 쓸 수 있는 것: {allowed}",
    en="Unknown fault '{name}'; allowed: {allowed}",
)
BAD_COUNT = Text(ko="count는 1 이상의 정수여야 합니다.", en="count must be a whole number of at least 1.")


class Refusal(Enum):
    """Why a call is refused; each dialect has its own words for it."""

    UNKNOWN_KEY = auto()
    EXPIRED_KEY = auto()
    DAILY_LIMIT = auto()


def keep_page(page: Page, service: Service) -> Page:
    return page


def keep_answer(answer: Answer) -> Answer:
    return answer


@dataclass(frozen=True)
class Fault:
    name: str
    sentence: Text
    refusal: Refusal | None = None
    change_page: Callable[[Page, Service], Page] = keep_page
    change_answer: Callable[[Answer], Answer] = keep_answer


class BadSwitch(ValueError):
    """A switch that cannot be meant; ``text`` says what could be."""

    def __init__(self, text: Text) -> None:
        super().__init__(text.en)
        self.text = text


def deliver(delivery: Delivery) -> Callable[[Answer], Answer]:
    return lambda answer: replace(answer, delivery=delivery)


def fail(answer: Answer) -> Answer:
    return Answer(b"<html><body><h1>500 Internal Server Error</h1></body></html>", HTML_TYPE, status=500)


def close_for_maintenance(answer: Answer) -> Answer:
    notice = "시스템 점검 중입니다. 이용에 불편을 드려 죄송합니다."
    return Answer(f"<html><body><p>{notice}</p></body></html>".encode(), HTML_TYPE)


def spoil_types(page: Page, service: Service) -> Page:
    spoiled = dict.fromkeys(service.number_columns, WRONG_TEXT)
    return replace(page, rows=[row if at % EVERY else {**row, **spoiled} for at, row in enumerate(page.rows)])


def rename_column(page: Page, service: Service) -> Page:
    old, new = service.renamed_column
    rows = [{new if name == old else name: value for name, value in row.items()} for row in page.rows]
    return replace(page, rows=rows)


def empty_page(page: Page, service: Service) -> Page:
    return Page(rows=(), total=0)


def lose_rows(page: Page, service: Service) -> Page:
    return replace(page, rows=page.rows[: len(page.rows) * 4 // 5])


NO_FAULT = Fault("none", Text(ko="고장 없음", en="Nothing is wrong."))
FAULTS: Mapping[str, Fault] = {
    fault.name: fault
    for fault in (
        Fault(
            "slow",
            Text(ko="몇 바이트씩 아주 천천히 보냅니다.", en="Drips the body, a few bytes at a time."),
            change_answer=deliver(Delivery.DRIPPED),
        ),
        Fault(
            "half",
            Text(
                ko="Content-Length로 알린 길이의 절반만 보내고 끊습니다.",
                en="Sends half of the length announced by Content-Length, then hangs up.",
            ),
            change_answer=deliver(Delivery.CUT),
        ),
        Fault(
            "half-unannounced",
            Text(
                ko="Content-Length 없이 절반만 보내고 정상처럼 끝냅니다.",
                en="Sends half of the body without Content-Length and ends as if all were well.",
            ),
            change_answer=deliver(Delivery.CUT_UNANNOUNCED),
        ),
        Fault(
            "endless",
            Text(ko="본문을 끝없이 되풀이해 보냅니다.", en="Repeats the body and never ends."),
            change_answer=deliver(Delivery.ENDLESS),
        ),
        Fault("error500", Text(ko="HTTP 500을 답합니다.", en="Answers HTTP 500."), change_answer=fail),
        Fault(
            "maintenance",
            Text(
                ko="HTTP 200으로 점검 안내 HTML을 답합니다.",
                en="Answers an HTML notice of maintenance with HTTP 200.",
            ),
            change_answer=close_for_maintenance,
        ),
        Fault(
            "wrong-types",
            Text(
                ko=f"{EVERY}행마다 숫자 열에 글자('{WRONG_TEXT}')를 넣습니다.",
                en=f"Puts text ('{WRONG_TEXT}') into the number columns of every {EVERY}th row.",
            ),
            change_page=spoil_types,
        ),
        Fault(
            "renamed-column",
            Text(ko="열 하나의 이름을 예고 없이 바꿉니다.", en="Renames one column without notice."),
            change_page=rename_column,
        ),
        Fault(
            "empty",
            Text(ko="정상이라고 답하지만 자료가 한 행도 없습니다.", en="Says all is well and sends no rows."),
            change_page=empty_page,
        ),
        Fault(
            "fewer-rows",
            Text(
                ko="알린 건수보다 적은 행을 보냅니다 (쪽마다 5분의 1이 빠짐).",
                en="Sends fewer rows than it announces: a fifth of each page is missing.",
            ),
            change_page=lose_rows,
        ),
        Fault(
            "key-refused",
            Text(ko="맞는 인증키도 거절합니다.", en="Refuses the key, even the right one."),
            refusal=Refusal.UNKNOWN_KEY,
        ),
        Fault(
            "daily-limit",
            Text(ko="하루 호출 한도를 넘었다고 답합니다.", en="Says that the daily limit is used up."),
            refusal=Refusal.DAILY_LIMIT,
        ),
    )
}


@dataclass
class Switch:
    fault: Fault
    remaining: int | None  # None: until it is switched off


class Switchboard:
    """Which fault is on for which service, at most one each; safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._switches: dict[str, Switch] = {}

    def switch_on(self, service: str, fault: str, count: int | None = None) -> None:
        """Switch ``fault`` on for ``service`` (``*`` for all), for good or for the next ``count`` answers of each."""
        if count is not None and count < 1:
            raise BadSwitch(BAD_COUNT)
        names, found = services_named(service), find_fault(fault)
        with self._lock:
            self._switches |= {name: Switch(found, count) for name in names}

    def switch_off(self, service: str) -> None:
        """Switch off whatever is on for ``service`` (``*`` for all)."""
        names = services_named(service)
        with self._lock:
            for name in names:
                self._switches.pop(name, None)

    def take(self, service: str) -> Fault:
        """Return the fault that the next answer of ``service`` gets, and count that answer."""
        with self._lock:
            switch = self._switches.get(service)
            if switch is None:
                return NO_FAULT
            if switch.remaining is not None:
                switch.remaining -= 1
                if not switch.remaining:
                    del self._switches[service]
            return switch.fault

    def tell(self) -> list[dict[str, object]]:
        """Return what is on, in the order of the services."""
        with self._lock:
            return [
                {"service": name, "fault": switch.fault.name, "remaining": switch.remaining}
                for name in SERVICES
                if (switch := self._switches.get(name))
            ]


def services_named(name: str) -> tuple[str, ...]:
    if name == "*":
        return tuple(SERVICES)
    if name not in SERVICES:
        raise BadSwitch(UNKNOWN_SERVICE.format(name=name, allowed=", ".join(SERVICES)))
    return (name,)


def find_fault(name: str) -> Fault:
    if name not in FAULTS:
        raise BadSwitch(UNKNOWN_FAULT.format(name=name, allowed=", ".join(FAULTS)))
    return FAULTS[name]
