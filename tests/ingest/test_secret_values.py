"""Secrets are named in a configuration and read from the environment when a run needs them."""

import pytest

from ingest.errors import SecretMissing
from ingest.secret_values import resolve_secrets, without_secrets

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
