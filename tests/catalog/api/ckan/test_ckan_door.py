"""How the door answers: addresses, methods, bodies, envelopes, errors, JSONP, other origins."""

import json
from typing import Any

import pytest
from builders import make_dataset
from ckan_calls import ask
from django.contrib.auth import get_user_model
from django.test import Client

from catalog.api.ckan import view
from catalog.api.ckan.action import Action
from catalog.api.ckan.actions import ACTIONS
from catalog.text import Text

pytestmark = pytest.mark.django_db


@pytest.fixture
def parking() -> None:
    make_dataset("parking")


@pytest.mark.parametrize("prefix", ["/api/action", "/api/3/action"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_an_action_answers_in_the_envelope(client: Client, parking: None, prefix: str, method: str) -> None:
    response = getattr(client, method)(f"{prefix}/package_list")
    assert response.status_code == 200
    assert response["Content-Type"] == "application/json;charset=utf-8"
    assert response["Access-Control-Allow-Origin"] == "*"
    assert response.json() == {
        "help": "http://testserver/api/3/action/help_show?name=package_list",
        "success": True,
        "result": ["parking"],
    }


def test_the_api_tells_its_version(client: Client) -> None:
    assert client.get("/api/3").json() == {"version": 3}
    assert client.post("/api/3").status_code == 405


def test_no_address_redirects(client: Client) -> None:
    assert client.get("/api/3/action/package_list/").status_code == 404
    assert client.get("/api/3/").status_code == 404


def test_head_answers_like_get_without_content(client: Client) -> None:
    response = client.head("/api/3/action/package_list")
    assert (response.status_code, response.content) == (200, b"")


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_other_methods_are_refused(client: Client, method: str) -> None:
    response = getattr(client, method)("/api/3/action/package_list")
    assert (response.status_code, response["Allow"]) == (405, "GET, HEAD, POST, OPTIONS")


def test_an_unchanged_answer_is_not_sent_again(client: Client, parking: None) -> None:
    first = client.get("/api/3/action/package_show?id=parking")
    again = client.get("/api/3/action/package_show?id=parking", headers={"If-None-Match": first["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ('{"id": "parking"}', "application/json"),
        ('{"id": "parking", "anything": {"else": [1]}}', "application/json; charset=utf-8"),
        ('{"id": "parking"}', "text/plain"),
        ('{"id": "parking"}', "application/x-www-form-urlencoded"),
        ("id=parking", "application/x-www-form-urlencoded"),
        ("%7B%22id%22%3A%20%22parking%22%7D=1", "application/x-www-form-urlencoded"),
        ('--b\r\nContent-Disposition: form-data; name="id"\r\n\r\nparking\r\n--b--\r\n', "multipart/form-data; boundary=b"),
    ],
)  # fmt: skip
def test_a_body_is_json_or_a_form(client: Client, parking: None, body: str, content_type: str) -> None:
    response = client.post("/api/3/action/package_show", body, content_type=content_type)
    assert response.json()["result"]["name"] == "parking"


@pytest.mark.parametrize("body", ["{", "[1]", '"x"', "id=%zz&{"])
def test_a_body_that_is_no_object_is_a_bad_request(client: Client, body: str) -> None:
    response = client.post("/api/3/action/package_show", body, content_type="application/json")
    assert response.status_code == 400
    assert response.json().startswith("Bad request - JSON Error")


def test_a_body_that_cannot_be_read_is_a_bad_request(client: Client) -> None:
    response = client.post("/api/3/action/package_show", b"x", content_type="multipart/form-data; boundary=b")
    assert response.status_code in (400, 409)


def test_post_needs_no_token(parking: None) -> None:
    client = Client(enforce_csrf_checks=True)
    assert client.post("/api/3/action/package_list").status_code == 200


def test_parameters_that_are_repeated_are_a_list(client: Client, parking: None) -> None:
    response = client.get("/api/3/action/package_search?fq_list=name:parking&fq_list=-name:parking")
    assert response.json()["result"]["count"] == 0


@pytest.mark.parametrize("header", ["Authorization", "X-CKAN-API-Key"])
def test_a_token_is_tolerated_and_opens_nothing(client: Client, header: str) -> None:
    make_dataset("secret", access_level="non-public", access_reason={"ko": "비밀"})
    response = client.get("/api/3/action/package_list", headers={header: "a-token"})
    assert response.json()["result"] == []


def test_a_session_opens_nothing(admin_client: Client) -> None:
    assert get_user_model().objects.get().is_staff
    make_dataset("secret", access_level="non-public", access_reason={"ko": "비밀"})
    assert ask(admin_client, "package_list") == []


def test_an_unknown_action_is_a_bare_string(client: Client) -> None:
    for name in ("nothing", "datastore_search_sql", "package_create", "__class__"):
        response = client.get(f"/api/3/action/{name}")
        assert response.status_code == 400
        assert response.json() == f"Bad request - Action name not known: {name}"


@pytest.mark.parametrize(
    ("action", "parameters", "status", "error"),
    [
        ("package_show", {"id": "nothing"}, 404, {"__type": "Not Found Error", "message": "Not found: There is no dataset 'nothing'."}),
        ("organization_show", {"id": "nobody"}, 404, {"__type": "Not Found Error", "message": "Not found: There is no organisation 'nobody'."}),
        ("package_show", {}, 409, {"__type": "Validation Error", "id": ["Missing value"]}),
        ("package_search", {"rows": "many"}, 409, {"__type": "Validation Error", "rows": ["Invalid integer"]}),
        ("package_search", {"start": "-1"}, 409, {"__type": "Validation Error", "start": ["Must be at least 0"]}),
        ("package_search", {"facet": "maybe"}, 409, {"__type": "Validation Error", "facet": ["Must be true or false"]}),
        ("package_search", {"facet.field": '["tags"'}, 409, {"__type": "Validation Error", "facet.field": ["Cannot parse JSON"]}),
    ],
)  # fmt: skip
def test_errors_are_told_as_ckan_tells_them(
    client: Client, action: str, parameters: dict[str, str], status: int, error: dict[str, Any]
) -> None:
    response = client.get(f"/api/3/action/{action}", parameters, headers={"Accept-Language": "en"})
    assert response.status_code == status
    assert response.json() == {
        "help": f"http://testserver/api/3/action/help_show?name={action}",
        "success": False,
        "error": error,
    }


def test_errors_speak_korean_by_themselves(client: Client) -> None:
    assert ask(client, "package_show", 404, id="nothing")["message"] == "Not found: 'nothing' 데이터셋이 없습니다."


@pytest.mark.parametrize("query", ["(a", '"a', "a^2", "{!lucene}a", "title:", "*a"])
def test_a_query_that_cannot_be_read_is_a_search_query_error(client: Client, query: str) -> None:
    for parameter in ("q", "fq", "fq_list"):
        error = ask(client, "package_search", 400, **{parameter: query})
        assert error["__type"] == "Search Query Error"
        assert error["message"].startswith("Search Query is invalid: ")


def test_a_sort_that_is_not_known_is_a_search_query_error(client: Client) -> None:
    for sort in ("colour asc", "name sideways", "name asc desc", "slug"):
        assert ask(client, "package_search", 400, sort=sort)["__type"] == "Search Query Error"


def test_what_goes_wrong_inside_is_told_without_its_words(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(call: object) -> None:
        raise RuntimeError("a password")

    broken = ACTIONS | {"site_read": Action("site_read", fail, Text(en="fails"))}
    monkeypatch.setattr(view, "ACTIONS", broken)
    response = client.get("/api/3/action/site_read")
    assert response.status_code == 500
    assert response.json()["error"]["__type"] == "Internal Server Error"
    assert b"password" not in response.content


def test_a_callback_wraps_the_answer(client: Client) -> None:
    response = client.get("/api/3/action/site_read?callback=jQuery1_2.done")
    assert response["Content-Type"] == "application/javascript;charset=utf-8"
    content = response.content.decode()
    assert content.startswith("/**/jQuery1_2.done({")
    assert json.loads(content.removeprefix("/**/jQuery1_2.done(").removesuffix(");"))["result"] is True


@pytest.mark.parametrize("callback", ["alert(1)", "a;b", "<script>", "a b", "1a", "a..b", "a" * 400])
def test_a_callback_that_is_no_name_is_refused(client: Client, callback: str) -> None:
    response = client.get("/api/3/action/site_read", {"callback": callback})
    assert response.status_code == 400
    assert response["Content-Type"] == "application/json;charset=utf-8"


def test_every_action_has_help(client: Client) -> None:
    for name in ACTIONS:
        text = ask(client, "help_show", name=name)
        assert ACTIONS[name].text.en in text
        assert ACTIONS[name].text.ko in text
    ask(client, "help_show", 404, name="nothing")


def test_actions_that_need_nothing_answer_an_empty_hub(client: Client) -> None:
    needing = {"id", "name", "resource_id", "query"}
    for name, action in ACTIONS.items():
        if not needing & set(action.parameters[:1]) or name in ("tag_list", "tag_autocomplete"):
            ask(client, name)


@pytest.mark.parametrize("value", ["\x00", "가" * 5000, "%", "_", "\\", "'", '"', "💥"])
def test_odd_letters_break_nothing(client: Client, parking: None, value: str) -> None:
    quoted = json.dumps(value.replace("\x00", ""), ensure_ascii=False)
    for action, parameters in {
        "package_show": {"id": value},
        "tag_show": {"id": value},
        "resource_show": {"id": value},
        "group_show": {"id": value},
        "package_autocomplete": {"q": value},
        "organization_autocomplete": {"q": value},
        "tag_list": {"query": value},
        "package_search": {"fq": f"tags:{quoted} OR title:{quoted} OR author:{quoted} OR res_format:{quoted}"},
        "resource_search": {"query": f"name:{value}"},
    }.items():
        assert client.get(f"/api/3/action/{action}", parameters).status_code in (200, 400, 404, 409)


@pytest.mark.parametrize("action", sorted(ACTIONS))
def test_parameters_of_any_json_kind_break_nothing(client: Client, action: str) -> None:
    for value in (1, 1.5, True, None, [], {}, ["a"], {"a": 1}):
        body = json.dumps(dict.fromkeys(ACTIONS[action].parameters, value))
        response = client.post(f"/api/3/action/{action}", body, content_type="application/json")
        assert response.status_code in (200, 400, 404, 409), value


UTIL = {
    "status": lambda answer: answer["ckan_version"],
    "dataset/autocomplete?incomplete=park": lambda answer: answer["ResultSet"]["Result"][0]["name"] == "parking",
    "tag/autocomplete?incomplete=air": lambda answer: answer["ResultSet"]["Result"] == [{"Name": "air"}],
    "organization/autocomplete?q=han": lambda answer: answer[0]["name"] == "hanbit-city",
    "group/autocomplete?q=trans": lambda answer: answer[0]["name"] == "transport",
    "resource/format_autocomplete?incomplete=cs": lambda answer: answer["ResultSet"]["Result"][0] == {"Format": "csv"},
}


@pytest.mark.parametrize("address", UTIL)
def test_forms_are_filled(client: Client, address: str) -> None:
    make_dataset("parking", keywords={"ko": [], "en": ["air"]})
    response = client.get(f"/api/util/{address}")
    assert response.status_code == 200
    assert UTIL[address](response.json())


def test_other_addresses_for_forms_are_not_known(client: Client) -> None:
    assert client.get("/api/util/user/autocomplete").status_code == 404
    assert client.post("/api/util/status").status_code == 405
    assert client.get("/api/util/tag/autocomplete?incomplete=a&limit=x").status_code == 409
