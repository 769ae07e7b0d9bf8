"""The faults, as a manual: what is switched on, and what every dialect then answers."""

import json

import pytest
from sandbox_asking import EXAMPLES, LOTS, ask, ask_json, code_of, make_world, rows_of

from ingest.sandbox.faults import EVERY, FAULTS, NO_FAULT, WRONG_TEXT, BadSwitch, Switchboard
from ingest.sandbox.messages import Delivery
from ingest.sandbox.services import SERVICES

TYPED = "application/json"


def switch(world: object, **document: object) -> dict:
    answer = ask("/faults", world, method="POST", content_type=TYPED, body=json.dumps(document).encode())
    return json.loads(answer.body)


def ask_with(name: str, fault: str):
    glue = "&" if "?" in EXAMPLES[name] else "?"
    return ask(f"{EXAMPLES[name]}{glue}fault={fault}")


@pytest.mark.parametrize(
    ("fault", "delivery"),
    [
        ("slow", Delivery.DRIPPED),
        ("half", Delivery.CUT),
        ("half-unannounced", Delivery.CUT_UNANNOUNCED),
        ("endless", Delivery.ENDLESS),
    ],
)
@pytest.mark.parametrize("name", SERVICES)
def test_a_fault_of_the_wire_changes_how_the_same_answer_is_sent(name: str, fault: str, delivery: Delivery) -> None:
    answer = ask_with(name, fault)

    assert (answer.delivery, answer.body) == (delivery, ask(EXAMPLES[name]).body)


@pytest.mark.parametrize("name", SERVICES)
def test_error500_is_an_http_error_in_html(name: str) -> None:
    answer = ask_with(name, "error500")

    assert (answer.status, answer.content_type) == (500, "text/html;charset=UTF-8")


@pytest.mark.parametrize("name", SERVICES)
def test_maintenance_is_html_with_http_200(name: str) -> None:
    answer = ask_with(name, "maintenance")

    assert (answer.status, answer.content_type) == (200, "text/html;charset=UTF-8")
    assert "점검" in answer.body.decode()


@pytest.mark.parametrize(
    ("name", "fault", "status", "code"),
    [
        ("parking-lots", "key-refused", 200, "30"),
        ("parking-lots", "daily-limit", 200, "22"),
        ("air-quality", "key-refused", 200, "30"),
        ("parking-availability", "daily-limit", 200, "22"),
        ("bus-stops", "key-refused", 200, "INFO-100"),
        ("bus-stops", "daily-limit", 200, "ERROR-337"),
        ("cctv", "key-refused", 403, None),
        ("cctv", "daily-limit", 429, None),
    ],
)
def test_a_refusal_is_told_in_the_words_of_the_platform(name: str, fault: str, status: int, code: str | None) -> None:
    answer = ask_with(name, fault)

    assert answer.status == status
    assert code is None or code_of(answer) == code


@pytest.mark.parametrize("name", [name for name in SERVICES if name != "cctv"])
def test_wrong_types_put_text_into_number_columns_of_some_rows(name: str) -> None:
    glue = "&" if "?" in EXAMPLES[name] else "?"
    rows, spoiled = rows_of(EXAMPLES[name]), rows_of(f"{EXAMPLES[name]}{glue}fault=wrong-types")

    wrong = [at for at, row in enumerate(spoiled) if WRONG_TEXT in row.values()]
    assert wrong == list(range(0, len(rows), EVERY))
    assert {column for row in spoiled for column, value in row.items() if value == WRONG_TEXT} == set(
        SERVICES[name].number_columns
    )
    assert [row for at, row in enumerate(spoiled) if at % EVERY] == [row for at, row in enumerate(rows) if at % EVERY]


@pytest.mark.parametrize("name", [name for name in SERVICES if name != "cctv"])
def test_renamed_column_changes_one_name_and_no_value(name: str) -> None:
    glue = "&" if "?" in EXAMPLES[name] else "?"
    row, renamed = (rows_of(url)[0] for url in (EXAMPLES[name], f"{EXAMPLES[name]}{glue}fault=renamed-column"))

    old, new = SERVICES[name].renamed_column
    assert list(renamed) == [new if column == old else column for column in row]
    assert list(renamed.values()) == list(row.values())


@pytest.mark.parametrize(
    ("fault", "line", "seen"),
    [
        ("wrong-types", 1, '점검중,"1,200","북쪽, 동쪽",점검중'),
        ("renamed-column", 0, "카메라 대수(대)"),
    ],
)
def test_rows_of_the_file_go_wrong_alike(fault: str, line: int, seen: str) -> None:
    assert seen in ask_with("cctv", fault).body.decode("cp949").splitlines()[line]


def test_empty_says_that_all_is_well_and_sends_no_rows() -> None:
    assert ask_json(f"{LOTS}&_type=json&fault=empty")["response"] == {
        "header": {"resultCode": "00", "resultMsg": "NORMAL SERVICE."},
        "body": {"items": "", "numOfRows": "10", "pageNo": "1", "totalCount": "0"},
    }
    assert code_of(ask_with("bus-stops", "empty")) == "INFO-200"
    assert ask_with("cctv", "empty").body.count(b"\r\n") == 1


def test_fewer_rows_are_sent_than_announced() -> None:
    body = ask_json(f"{EXAMPLES['parking-lots']}&fault=fewer-rows")["response"]["body"]

    assert (body["totalCount"], len(body["items"]["item"])) == ("320", 256)


def test_a_fault_can_be_switched_on_and_off() -> None:
    world = make_world()

    told = switch(world, service="parking-lots", fault="error500")
    assert told["on"] == [{"service": "parking-lots", "fault": "error500", "remaining": None}]
    assert [ask(EXAMPLES["parking-lots"], world).status for _ in range(3)] == [500, 500, 500]
    assert ask(EXAMPLES["air-quality"], world).status == 200

    assert switch(world, service="parking-lots", fault=None)["on"] == []
    assert ask(EXAMPLES["parking-lots"], world).status == 200


def test_a_counted_fault_ends_by_itself() -> None:
    world = make_world()
    switch(world, service="parking-lots", fault="error500", count=2)

    seen = []
    for _ in range(3):
        seen.append((ask_json("/faults", world)["on"], ask(EXAMPLES["parking-lots"], world).status))

    assert [on[0]["remaining"] if on else None for on, _ in seen] == [2, 1, None]
    assert [status for _, status in seen] == [500, 500, 200]


def test_a_fault_in_the_address_is_for_that_call_only_and_costs_no_count() -> None:
    world = make_world()
    switch(world, service="parking-lots", fault="empty", count=1)

    assert ask(f"{LOTS}&fault=error500", world).status == 500
    assert ask(f"{LOTS}&fault=slow", world).delivery == Delivery.DRIPPED
    assert ask_json("/faults", world)["on"][0]["remaining"] == 1


def test_a_star_means_every_service_and_delete_ends_all() -> None:
    world = make_world()

    assert [entry["service"] for entry in switch(world, service="*", fault="slow", count=1)["on"]] == list(SERVICES)
    assert json.loads(ask("/faults", world, method="DELETE").body)["on"] == []


def test_the_form_of_the_start_page_switches_too() -> None:
    world = make_world()
    form = {"method": "POST", "content_type": "application/x-www-form-urlencoded"}

    answer = ask("/faults", world, body=b"service=cctv&fault=half&count=", **form)
    assert (answer.status, dict(answer.headers)["Location"]) == (303, "/")
    assert '<p class="on">half</p>' in ask("/", world).body.decode()

    ask("/faults", world, body=b"service=cctv", **form)
    assert ask_json("/faults", world)["on"] == []


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b'{"service": "parking", "fault": "half"}', "Unknown service 'parking'; allowed: *, parking-lots,"),
        (b'{"service": "cctv", "fault": "fire"}', "Unknown fault 'fire'; allowed: slow, half,"),
        (b'{"service": "cctv", "fault": "half", "count": 0}', "count must be a whole number of at least 1."),
        (b'{"fault": "half"}', "Send a JSON object"),
        (b'{"service": "cctv", "fault": "half", "count": "two"}', "Send a JSON object"),
        (b"[1]", "Send a JSON object"),
        (b"no json", "Send a JSON object"),
        (b"\xff", "Send a JSON object"),
    ],
)
def test_a_switch_that_cannot_be_meant_is_refused_in_two_languages(body: bytes, told: str) -> None:
    answer = ask("/faults", method="POST", content_type=TYPED, body=body)

    error = json.loads(answer.body)["error"]
    assert answer.status == 400
    assert error["en"].startswith(told)
    assert error["ko"]


def test_every_fault_is_told_in_two_languages_and_does_something() -> None:
    told = ask_json("/faults")

    assert set(told["faults"]) == set(FAULTS)
    assert all(sentence["ko"] and sentence["en"] for sentence in told["faults"].values())
    effects = [(fault.refusal, fault.change_page, fault.change_answer) for fault in FAULTS.values()]
    assert (NO_FAULT.refusal, NO_FAULT.change_page, NO_FAULT.change_answer) not in effects


def test_a_switchboard_knows_only_what_there_is() -> None:
    with pytest.raises(BadSwitch):
        Switchboard().switch_off("nothing")
