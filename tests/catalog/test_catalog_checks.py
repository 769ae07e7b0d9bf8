"""The check of the database's encoding."""

import pytest
from django.core.checks import Tags, registry

from catalog.checks import check_encoding


@pytest.mark.django_db
def test_the_database_that_tests_run_on_keeps_korean() -> None:
    assert check_encoding(databases=["default"]) == []


def test_the_check_is_asked_with_those_of_databases() -> None:
    assert check_encoding in registry.registry.get_checks(include_deployment_checks=True)
    assert Tags.database in check_encoding.tags
    assert check_encoding() == []


@pytest.mark.django_db
def test_another_encoding_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("catalog.checks.encoding_of", lambda alias: "SQL_ASCII")
    [error] = check_encoding(databases=["default"])
    assert error.id == "catalog.E001" and "SQL_ASCII" in error.msg
