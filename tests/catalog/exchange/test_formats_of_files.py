"""Which file format others mean."""

import pytest

from catalog.exchange.formats_of_files import find_format, media_type_of_format


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("CSV", "CSV"),
        ("csv", "CSV"),
        (".xlsx", "XLSX"),
        ("text/csv", "CSV"),
        ("application/json", "JSON"),
        ("application/pdf", "PDF"),
        ("application/zip", "ZIP"),
        ("application/octet-stream", ""),
        ("notareal/type", ""),
        ("Web Page of ours", ""),
        ("", ""),
    ],
)
def test_a_format_is_found_by_what_it_is_called(name, code):
    assert find_format(name) == code


def test_a_format_tells_its_media_type():
    assert media_type_of_format("CSV") == "text/csv"
    assert media_type_of_format("NONE") == ""
