"""From a request to an answer, without a socket: which service is meant, which fault is on, whose dialect speaks."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from catalog.text import Text
from ingest.sandbox.datagokr import answer_operation, find_operation
from ingest.sandbox.downloads import answer_file, find_file
from ingest.sandbox.faults import FAULTS, NO_FAULT, BadSwitch, Fault, find_fault
from ingest.sandbox.messages import HTML_TYPE, Answer, Request, answer_json
from ingest.sandbox.page import write_start_page
from ingest.sandbox.platform import answer_platform
from ingest.sandbox.seoul import answer_path, find_service
from ingest.sandbox.services import SERVICES, Service
from ingest.sandbox.world import World

PLATFORM = "/platform/"
FORM_TYPE = "application/x-www-form-urlencoded"
PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'"
METHOD_REFUSED = Text(ko="이 주소는 이 방식의 요청을 받지 않습니다.", en="This address does not take this method.")
NOT_FOUND = Text(ko="이런 주소는 없습니다. 모든 주소는 '/'에 있습니다.", en="No such address; '/' lists them all.")
NO_SWITCH = Text(
    ko='JSON 객체를 보내십시오: {"service": 이름 또는 "*", "fault": 이름 또는 null, "count": 횟수(선택)}',
    en='Send a JSON object: {"service": name or "*", "fault": name or null, "count": number (optional)}',
)


@dataclass(frozen=True)
class Dialect:
    """A part of the address space: how it finds the service that is meant, and how it answers."""

    prefix: str
    find: Callable[[str], Service | None]
    answer: Callable[[World, Any, Request, Fault], Answer]


DIALECTS = (
    Dialect("/datagokr/", find_operation, answer_operation),
    Dialect("/seoul/", find_service, answer_path),
    Dialect("/files/", find_file, answer_file),
)


def answer_request(world: World, request: Request) -> Answer:
    """Answer any request; one for a service gets the fault that is on for it, or the one in ``?fault=``."""
    if request.path.startswith(PLATFORM):
        return answer_platform(world.platform, world.key, request)
    dialect = next((dialect for dialect in DIALECTS if request.path.startswith(dialect.prefix)), None)
    if dialect is None:
        return answer_own_page(world, request)
    if request.method != "GET":
        return answer_mistake(405, METHOD_REFUSED)
    service = dialect.find(request.path)
    try:
        fault = choose_fault(world, service, request)
    except BadSwitch as error:
        return answer_mistake(400, error.text)
    return fault.change_answer(dialect.answer(world, service, request, fault))


def choose_fault(world: World, service: Service | None, request: Request) -> Fault:
    if "fault" in request.query:
        return find_fault(request.query["fault"])
    return world.faults.take(service.name) if service else NO_FAULT


def answer_own_page(world: World, request: Request) -> Answer:
    """Answer the sandbox's own addresses, which no real platform has."""
    answers = OWN_PAGES.get(request.path)
    if answers is None:
        return answer_mistake(404, NOT_FOUND)
    if request.method not in answers:
        return answer_mistake(405, METHOD_REFUSED)
    return answers[request.method](world, request)


def answer_mistake(status: int, text: Text) -> Answer:
    return answer_json({"error": text.as_dict()}, status=status)


def show_start_page(world: World, request: Request) -> Answer:
    headers = (("Content-Security-Policy", PAGE_POLICY),)
    return Answer(write_start_page(world).encode(), HTML_TYPE, headers=headers)


def show_health(world: World, request: Request) -> Answer:
    return answer_json({"status": "ok", "clock": world.clock().isoformat()})


def show_faults(world: World, request: Request) -> Answer:
    return answer_json(
        {
            "on": world.faults.tell(),
            "services": {name: service.title.as_dict() for name, service in SERVICES.items()},
            "faults": {name: fault.sentence.as_dict() for name, fault in FAULTS.items()},
        }
    )


def switch_faults(world: World, request: Request) -> Answer:
    """Switch one fault on, or off with ``"fault": null``; a form of the start page is sent back there."""
    is_form = request.content_type.startswith(FORM_TYPE) and not request.body.startswith(b"{")  # as curl -d says
    try:
        switch = read_form(request.body) if is_form else json.loads(request.body)
        service, fault, count = switch["service"], switch.get("fault"), switch.get("count")
        if not (isinstance(service, str) and isinstance(fault, str | None) and isinstance(count, int | None)):
            return answer_mistake(400, NO_SWITCH)
    except (ValueError, KeyError, TypeError, AttributeError):
        return answer_mistake(400, NO_SWITCH)
    try:
        if fault is None:
            world.faults.switch_off(service)
        else:
            world.faults.switch_on(service, fault, count)
    except BadSwitch as error:
        return answer_mistake(400, error.text)
    if is_form:
        return Answer(b"", HTML_TYPE, status=303, headers=(("Location", "/"),))
    return show_faults(world, request)


def read_form(body: bytes) -> dict[str, str | int | None]:
    form = dict(parse_qsl(body.decode()))
    return {
        "service": form["service"],
        "fault": form.get("fault"),
        "count": int(form["count"]) if "count" in form else None,
    }


def switch_all_off(world: World, request: Request) -> Answer:
    world.faults.switch_off("*")
    return show_faults(world, request)


OWN_PAGES: Mapping[str, Mapping[str, Callable[[World, Request], Answer]]] = {
    "/": {"GET": show_start_page},
    "/healthz": {"GET": show_health},
    "/faults": {"GET": show_faults, "POST": switch_faults, "DELETE": switch_all_off},
}
