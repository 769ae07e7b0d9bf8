"""Which form an ``Accept`` header likes best, by its ranges, their quality and our order."""

import pytest

from catalog.api.accept import prefer
from catalog.api.tongues import RDF_TONGUES, TONGUES, choose_tongue, find_tongue

OFFERED = ["text/html", "text/turtle", "application/ld+json", "application/rdf+xml"]


@pytest.mark.parametrize(
    ("header", "chosen"),
    [
        ("", "text/html"),
        ("*/*", "text/html"),
        ("text/turtle", "text/turtle"),
        ("TEXT/TURTLE", "text/turtle"),
        ("text/turtle;charset=utf-8", "text/turtle"),
        ("application/*", "application/ld+json"),
        ("text/*;q=0.5, application/rdf+xml", "application/rdf+xml"),
        ("text/turtle;q=0.3, application/ld+json;q=0.7", "application/ld+json"),
        ("text/html;q=0, text/*", "text/turtle"),
        ("*/*;q=0.1, text/turtle", "text/turtle"),
        ("text/turtle ; q=0.2 , application/ld+json ; q = 0.1", "text/turtle"),
        ("text/turtle;q=2, text/html", "text/html"),
        ("image/png", None),
        ("text/html;q=0", None),
        ("text/turtle;q=nonsense", None),
        ("rubbish", "text/html"),
    ],
)
def test_the_nearest_range_decides(header: str, chosen: str | None) -> None:
    assert prefer(header, OFFERED) == chosen


def test_every_tongue_has_an_extension_of_its_own() -> None:
    assert len({tongue.extension for tongue in TONGUES}) == len(TONGUES)
    assert all(find_tongue(tongue.extension) is tongue for tongue in TONGUES)


@pytest.mark.parametrize("tongue", RDF_TONGUES, ids=lambda tongue: tongue.extension)
def test_a_tongue_is_chosen_by_each_of_its_media_types(tongue) -> None:
    assert all(choose_tongue(media_type, RDF_TONGUES) is tongue for media_type in tongue.accepted)
