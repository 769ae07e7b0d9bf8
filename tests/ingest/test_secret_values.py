"""Secrets are named in a configuration and read, from the environment or the store, when a run needs them."""

import pytest

from ingest.errors import BadSetup, SecretMissing, SecretUnknown
from ingest.secret_store import save_secret
from ingest.secret_values import resolve_secrets, without_secrets
from ingest.sources import refuse_plain_secrets

CONFIG = {
    "url": "https://city.example/api",
    "service_key": {"env": "CITY_KEY"},
    "params": {"token": {"env": "CITY_TOKEN"}, "env": "plain", "size": 10},
    "path": ["a.csv", {"env": "CITY_PATH"}],
    "nested": {"env": {"env": "CITY_KEY"}},
    "odd": {"env": 5},
}


def test_every_named_secret_is_read_wherever_it_stands(monkeypatch):
    for name in ("KEY", "TOKEN", "PATH"):
        monkeypatch.setenv(f"CITY_{name}", f"the {name.lower()}")
    config, secrets = resolve_secrets(CONFIG)
    assert config == {
        "url": "https://city.example/api",
        "service_key": "the key",
        "params": {"token": "the token", "env": "plain", "size": 10},
        "path": ["a.csv", "the path"],
        "nested": {"env": "the key"},
        "odd": {"env": 5},
    }
    assert secrets == ["the key", "the token", "the path", "the key"]


@pytest.mark.parametrize("value", [None, ""])
def test_a_variable_that_is_not_set_is_named(monkeypatch, value):
    monkeypatch.delenv("CITY_KEY", raising=False)
    if value is not None:
        monkeypatch.setenv("CITY_KEY", value)
    with pytest.raises(SecretMissing) as refused:
        resolve_secrets({"service_key": {"env": "CITY_KEY"}})
    assert "'CITY_KEY'" in refused.value.text.ko
    assert "'CITY_KEY'" in refused.value.text.en


def test_the_form_of_a_configuration_is_known_without_its_secrets():
    assert without_secrets(CONFIG) == {
        "url": "https://city.example/api",
        "service_key": "secret",
        "params": {"token": "secret", "env": "plain", "size": 10},
        "path": ["a.csv", "secret"],
        "nested": {"env": "secret"},
        "odd": {"env": 5},
    }


@pytest.mark.django_db
def test_a_stored_secret_is_read_beside_those_of_the_environment(monkeypatch):
    monkeypatch.setenv("CITY_KEY", "the key")
    save_secret("city-token", "the token")
    config = {"key": {"env": "CITY_KEY"}, "deep": [{"token": {"secret": "city-token"}}]}
    assert resolve_secrets(config) == ({"key": "the key", "deep": [{"token": "the token"}]}, ["the key", "the token"])
    assert without_secrets(config) == {"key": "secret", "deep": [{"token": "secret"}]}


@pytest.mark.django_db
def test_a_secret_that_is_not_stored_is_named():
    with pytest.raises(SecretUnknown, match="'city-token'"):
        resolve_secrets({"token": {"secret": "city-token"}})


@pytest.mark.parametrize("name", ["HUB_SECRET_KEY", "HUB_ENCRYPTION_KEYS", "DATABASE_URL", "hub_email_url"])
@pytest.mark.parametrize("read", [resolve_secrets, without_secrets])
def test_the_settings_of_the_hub_are_given_to_no_platform(name, read, monkeypatch):
    monkeypatch.setenv(name, "postgresql://user:password@host/hub")
    with pytest.raises(BadSetup, match=name) as refused:
        read({"url": "https://elsewhere.example", "service_key": {"env": name}})
    assert "password" not in str(refused.value)


@pytest.mark.parametrize("value", ["written-down", {"env": 5}, {"secret": "a", "env": "B"}, {}, ["x"]])
def test_a_secret_that_is_written_down_is_refused_and_not_repeated(value):
    with pytest.raises(BadSetup) as refused:
        refuse_plain_secrets("datagokr", {"url": "https://city.example", "service_key": value})
    assert "secret" in refused.value.text.ko
    assert "written-down" not in f"{refused.value.text}"


@pytest.mark.parametrize("value", [{"env": "CITY_KEY"}, {"secret": "city-key"}, None])
def test_a_secret_that_is_named_is_taken(value):
    refuse_plain_secrets("datagokr", {"url": "https://city.example", "service_key": value})
