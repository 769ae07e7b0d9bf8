"""Whole answers of a CKAN: the envelope is opened, whatever its form, and what is in it is read.

Seen in the wild: ``success`` and ``result`` (CKAN), ``result`` under another envelope (Indonesia), a list around one package
(DKAN), results of a search, lists of packages with resources, and bare packages without any envelope.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from catalog.errors import BadDocument
from catalog.exchange.ckan.package import read_package
from catalog.exchange.ckan.people import from_organization, is_organization
from catalog.exchange.entry import Catalogue, Entry, Finding, make_slug
from catalog.text import Text

FORM = "CKAN"


def read_ckan(document: object, *, base: str = "") -> Catalogue:
    """Read the datasets and organisations of an answer; a list of bare names is not one (see ``read_names``)."""
    result = open_envelope(document)
    entries: list[Entry] = []
    organisations: dict[str, dict[str, Any]] = {}
    findings: list[Finding] = []
    taken: set[str] = set()
    for item in items_of(result):
        if is_organization(item):
            slug, description = from_organization(item)
            organisations[slug] = description
        if is_package(item):
            reading = read_package(item)
            entries.append(with_own_slug(reading.entry, taken))
            findings += reading.findings
            if reading.organisation:
                organisations.setdefault(*reading.organisation)
    if not entries and not organisations and result not in ([], {}) and not is_empty_search(result):
        raise unreadable(result)
    total = result.get("count") if isinstance(result, Mapping) else None
    return Catalogue(
        base=base,
        datasets=tuple(entries),
        organisations=organisations,
        findings=tuple(findings),
        total=total if isinstance(total, int) else None,
    )


def read_names(document: object) -> list[str]:
    """Read an answer that lists names: ``package_list``, ``organization_list``, ``tag_list`` and the like."""
    result = open_envelope(document)
    if not isinstance(result, list):
        raise unreadable(result)
    names = [item.get("name") if isinstance(item, Mapping) else item for item in result]
    if not all(isinstance(name, str) for name in names):
        raise unreadable(result)
    return names


def open_envelope(document: Any) -> Any:  # noqa: ANN401
    """Return what an answer holds; one that reports a failure is refused with its own words."""
    if not isinstance(document, Mapping):
        return document
    if document.get("success") is False:
        raise BadDocument(form=FORM, where="success", reason=reason_of(document.get("error")))
    return document.get("result", document)


def reason_of(error: object) -> str:
    if isinstance(error, Mapping):
        return ": ".join(str(error[part]) for part in ("__type", "message") if error.get(part)) or str(dict(error))
    return str(error)


def items_of(result: object) -> Iterator[Mapping[str, Any]]:
    """Yield the objects of an answer: of a list, of a search, of an organization with its packages, or the one it is."""
    if isinstance(result, list):
        for item in result:
            if isinstance(item, (Mapping, list)):
                yield from items_of(item)
    elif isinstance(result, Mapping):
        if isinstance(result.get("results"), list):
            yield from items_of(result["results"])
        else:
            yield result
            if isinstance(result.get("packages"), list):
                yield from items_of(result["packages"])


def is_package(item: Mapping[str, Any]) -> bool:
    """Tell a package from organizations, groups and resources: it has resources, or a title and no such type."""
    if is_organization(item) or item.get("type") == "group" or "package_id" in item:
        return False
    if isinstance(item.get("resources"), list):
        return True
    return bool(item.get("title")) and bool(item.get("name")) and ("notes" in item or "metadata_created" in item)


def is_empty_search(result: object) -> bool:
    return isinstance(result, Mapping) and result.get("results") == []


def with_own_slug(entry: Entry, taken: set[str]) -> Entry:
    """Give an entry whose slug is taken one made of its identifier as well, so that no dataset hides another."""
    slug = entry.slug if entry.slug not in taken else make_slug(f"{entry.slug} {entry.identifier}", entry.identifier)
    taken.add(slug)
    return entry if slug == entry.slug else Entry(**{**vars(entry), "slug": slug})


def unreadable(result: object) -> BadDocument:
    if isinstance(result, list) and result and isinstance(result[0], str):
        reason = Text(
            ko="이름만 있는 목록입니다. 이름마다 package_show로 설명을 받아야 합니다",
            en="a list of names only; ask package_show for the description of each",
        )
    elif (isinstance(result, Mapping) and "dataset" in result) or (isinstance(result, list) and result):
        reason = Text(
            ko="CKAN 패키지가 없습니다. data.json 같은 다른 형식일 수 있습니다",
            en="there is no CKAN package in it; it may be another form, as data.json",
        )
    else:
        reason = Text(ko="CKAN 패키지가 없습니다", en="there is no CKAN package in it")
    return BadDocument(form=FORM, where="result", reason=reason)
