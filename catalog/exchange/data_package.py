"""Frictionless Data Package 2.0: one dataset written and read, its column dictionary as Table Schema.

A package is monolingual and knows few fields: what it has no names for travels as a remainder
(``catalog/exchange/remainder.py``), so that a description comes back whole. Packages of version 1 are read as well.
"""

import re
from collections.abc import Mapping
from typing import Any

from catalog.errors import BadDocument
from catalog.exchange.entry import Catalogue, Entry, make_slug, slug_of_uri
from catalog.exchange.formats_of_files import find_format, format_of_media_type
from catalog.exchange.json_codes import OTHER_THEME, UNKNOWN_LICENCE, told_licence
from catalog.exchange.json_values import (
    NO_OBJECT,
    Notes,
    as_list,
    load_json,
    plain,
    read_address,
    read_email,
    read_integer,
    read_keywords,
    read_media_type,
    read_moment,
    read_page,
    read_string,
    read_text,
    said,
    write_keywords,
)
from catalog.exchange.remainder import REMAINDER, REST, add_remainder, find_remainder, read_rest, tell_rest
from catalog.exchange.table_schema import read_schema, write_schema
from catalog.standard import Class, fields_of, vocabulary
from catalog.standard.conformance import SLUG_PATTERN
from catalog.standard.vocabularies import find_code
from catalog.text import Text

FORM = "datapackage.json"
PROFILE = "https://datapackage.org/profiles/2.0/datapackage.json"
PATH = re.compile(r"(http|ftp)s?://", re.IGNORECASE)
MEDIA_TYPE = re.compile(r"[^/\s]+/[^/\s]+\Z")
NOT_NAME = re.compile(r"[^a-z0-9]+")


def to_data_package(catalogue: Catalogue) -> dict[str, Any]:
    """Write the one dataset of a catalogue as a package."""
    entry = next(iter(catalogue.datasets))
    description = entry.description
    package: dict[str, Any] = {
        "$schema": PROFILE,
        "name": entry.slug,
        "id": entry.uri or catalogue.dataset_uri(entry.slug),
    }
    values = {
        "title": said(description.get("title", {})),
        "description": said(description.get("description", {})),
        "homepage": description.get("landing_page"),
        "version": description.get("version"),
        "created": description["issued"] if "T" in description.get("issued", "") else None,
        "keywords": write_keywords(description.get("keywords", {})),
        "licenses": write_licences(description.get("licence", "")),
        "contributors": write_contributors(description, catalogue),
        "sources": [
            {"title": address, "path": address} for address in description.get("sources", ()) if PATH.match(address)
        ],
    }
    package |= {name: value for name, value in values.items() if value}
    package["resources"] = write_resources(entry, catalogue)
    if rest := tell_rest(catalogue):
        package[REST] = rest
    notes = Notes()
    if remainder := find_remainder(read_package(package, catalogue.base, notes), description):
        package[REMAINDER] = remainder
    return package


def from_data_package(document: object, *, where: str = FORM, base: str = "") -> Catalogue:
    """Read a package (bytes, or values read already) as a catalogue of one dataset.

    ``base`` is the address of the hub that wrote it; without it our own packages are known by their ``id``.
    """
    package = load_json(document, FORM, where)
    if not isinstance(package, Mapping):
        raise BadDocument(form=FORM, where=where, reason=NO_OBJECT)
    if not isinstance(package.get("resources"), list):
        reason = Text(ko="'resources' 목록이 없습니다", en="the list 'resources' is missing")
        raise BadDocument(form=FORM, where=where, reason=reason)
    notes = Notes()
    uri = plain(package.get("id"), "id", notes)
    base = base or uri.rpartition("/dataset/")[0]
    description = read_package(package, base, notes)
    rest = read_rest(package.get(REST))
    publisher = publisher_of(package)
    organisations = (
        {description["organisation"]: {"name": publisher}} if publisher and "organisation" in description else {}
    )
    name = plain(package.get("name"), "name", notes)
    title = description.get("title", {})
    slug = slug_of_uri(uri, base, "dataset") or name
    schemas = [part["schema"] for part in package["resources"] if isinstance(part, Mapping) and "schema" in part]
    entry = Entry(
        slug=slug if SLUG_PATTERN.match(slug) else make_slug(name or said(title), uri or name),
        uri=uri if "://" in uri else "",
        description=description,
        identifier=uri or name,
        table_schema=next((schema for schema in schemas if isinstance(schema, Mapping)), None),
        document=package,
    )
    return Catalogue(
        base=base,
        description=rest.catalogue,
        datasets=(entry,),
        organisations=organisations | rest.organisations,
        series=rest.series,
        services=rest.services,
        findings=tuple(notes.findings),
        total=1,
    )


def write_licences(code: str) -> list[dict[str, str]]:
    concept = vocabulary("licence").get(code)
    if concept is None or code == UNKNOWN_LICENCE:
        return []
    name = next(iter(concept.names_in("spdx")), concept.code)
    return [{"name": name, "path": concept.uri, "title": concept.label.ko}]


def write_contributors(description: Mapping[str, Any], catalogue: Catalogue) -> list[dict[str, Any]]:
    contributors: list[dict[str, Any]] = []
    if slug := description.get("organisation"):
        name = said(catalogue.organisations.get(slug, {}).get("name", {})) or slug
        contributors.append({"title": name, "path": catalogue.organisation_uri(slug), "roles": ["publisher"]})
    if contact := description.get("contact_point"):
        office = {"title": said(contact.get("name", {})), "email": contact.get("email"), "path": contact.get("url")}
        contributors.append({name: value for name, value in office.items() if value} | {"roles": ["contactPoint"]})
    for creator in description.get("creators", ()):
        maker = {"title": said(creator.get("name", {})), "path": creator.get("uri")}
        contributors.append({name: value for name, value in maker.items() if value} | {"roles": ["creator"]})
    return [part for part in contributors if PATH.match(part.get("path", "https://"))]


def write_resources(entry: Entry, catalogue: Catalogue) -> list[dict[str, Any]]:
    """Write every distribution; a dataset without any is told by its page, for a package must hold something."""
    parts = entry.description.get("distributions") or [{"access_url": entry.uri or catalogue.dataset_uri(entry.slug)}]
    columns = entry.description.get("columns", ())
    served = f"{catalogue.base}/api/v1/datasets/{entry.slug}/"
    described = [number for number, part in enumerate(parts) if address_of(part).startswith(served)] or [0]
    resources = []
    for number, part in enumerate(parts):
        resource = write_resource(part, number, entry.uri or catalogue.dataset_uri(entry.slug))
        if number in described and (columns or entry.table_schema):
            resource |= {"schema": write_schema(columns, entry.table_schema)}
        if "distributions" in entry.description and (
            remainder := find_remainder(read_resource(resource, "", Notes()), part)
        ):
            resource[REMAINDER] = remainder
        resources.append(resource)
    return resources


def address_of(part: Mapping[str, Any]) -> str:
    return part.get("download_url") or part.get("access_url") or ""


def write_resource(part: Mapping[str, Any], number: int, page: str) -> dict[str, Any]:
    extension = (
        next(iter(vocabulary("file_type")[part["format"]].names_in("extensions")), "") if part.get("format") else ""
    )
    kind = NOT_NAME.sub("-", extension.casefold()).strip("-") or "resource"
    checksum = part.get("checksum", {})
    address = address_of(part)
    values = {
        "path": address if PATH.match(address) else page,
        "title": said(part.get("title", {})),
        "description": said(part.get("description", {})),
        "format": extension,
        "mediatype": part.get("media_type") if MEDIA_TYPE.match(part.get("media_type", "")) else None,
        "encoding": part.get("encoding"),
        "bytes": part.get("byte_size"),
        "hash": f"{checksum['algorithm']}:{checksum['value']}" if checksum else None,
        "licenses": write_licences(part.get("licence", "")),
    }
    return {"name": f"{kind}-{number + 1}"} | {
        name: value for name, value in values.items() if value not in (None, "", [])
    }


def read_package(package: Mapping[str, Any], base: str, notes: Notes) -> dict[str, Any]:
    code, extra = read_licences(package, "", notes)
    values: dict[str, Any] = {
        "title": read_text(package.get("title"), "title", notes),
        "description": read_text(package.get("description"), "description", notes),
        "landing_page": read_page(package.get("homepage"), "homepage", notes),
        "version": read_string(package.get("version"), "version", notes),
        "issued": read_moment(package.get("created"), "created", notes),
        "keywords": read_keywords(package.get("keywords"), "keywords", notes),
        "licence": code or UNKNOWN_LICENCE,
        "access_level": "public",
        "theme": OTHER_THEME,
        "sources": read_sources(package.get("sources"), notes),
    }
    read_contributors(package, base, notes, values)
    resources = package.get("resources")
    parts, columns = [], []
    for number, resource in enumerate(as_list(resources)):
        where = f"resources[{number}]"
        if not isinstance(resource, Mapping):
            notes.refuse(where, resource, NO_OBJECT)
            continue
        parts.append(read_resource(resource, where, notes) | ({} if "licenses" in resource else extra))
        if "schema" in resource and not columns:
            columns = read_schema(resource["schema"], f"{where}.schema", notes)
    values |= {"distributions": parts, "columns": columns}
    description = {name: values[name] for name in fields_of(Class.DATASET) if values.get(name)}
    return add_remainder(description, package.get(REMAINDER), Class.DATASET, "", notes)


def read_licences(holder: Mapping[str, Any], where: str, notes: Notes) -> tuple[str, dict[str, Any]]:
    """Read the first licence: by its address, else by its name."""
    entries = [entry for entry in as_list(holder.get("licenses") or holder.get("license")) if entry]
    entry = entries[0] if entries else None
    if not isinstance(entry, Mapping):
        return told_licence(entry, f"{where}licenses[0]", notes)
    for key in ("path", "url", "name", "title", "type"):
        code, _ = told_licence(entry.get(key), "", Notes())
        if code:
            return code, {}
    return told_licence(entry.get("path") or entry.get("name") or entry.get("title"), f"{where}licenses[0]", notes)


def read_sources(value: object, notes: Notes) -> list[str] | None:
    found = []
    for number, source in enumerate(as_list(value)):
        path = source.get("path") or source.get("web") if isinstance(source, Mapping) else source
        if path and (address := read_address(path, f"sources[{number}].path", notes)):
            found.append(address)
    return found or None


def publisher_of(package: Mapping[str, Any]) -> dict[str, str] | None:
    entry = next((each for each in contributors_of(package) if "publisher" in roles_of(each)), None)
    return read_text(entry.get("title") or entry.get("organization"), "contributors", Notes()) if entry else None


def contributors_of(package: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [entry for entry in as_list(package.get("contributors")) if isinstance(entry, Mapping)]


def roles_of(entry: Mapping[str, Any]) -> list[str]:
    return [str(role).casefold() for role in as_list(entry.get("roles") or entry.get("role"))]


def read_contributors(package: Mapping[str, Any], base: str, notes: Notes, values: dict[str, Any]) -> None:
    """Read the publisher, the contact point and those who made the data."""
    creators = []
    for number, entry in enumerate(as_list(package.get("contributors"))):
        where = f"contributors[{number}]"
        if not isinstance(entry, Mapping):
            notes.refuse(where, entry, NO_OBJECT)
            continue
        name = read_text(entry.get("title") or entry.get("organization"), f"{where}.title", notes)
        path = plain(entry.get("path"), f"{where}.path", notes)
        roles = roles_of(entry)
        if "publisher" in roles and name:
            values.setdefault(
                "organisation", slug_of_uri(path, base, "organisation") or make_slug(next(iter(name.values())))
            )
        elif {"contactpoint", "contact", "maintainer"} & set(roles):
            email = read_email(entry.get("email"), f"{where}.email", notes)
            url = read_page(path, f"{where}.path", notes)
            contact = {"name": name, "email": email, "url": url}
            values.setdefault("contact_point", {part: value for part, value in contact.items() if value})
        elif name:
            uri = read_address(path, f"{where}.path", notes)
            creators.append({"name": name} | ({"uri": uri} if uri else {}))
    if creators:
        values["creators"] = creators


def read_resource(resource: Mapping[str, Any], where: str, notes: Notes) -> dict[str, Any]:
    paths = as_list(resource.get("path") or resource.get("url"))
    if len(paths) > 1:
        notes.add(
            f"{where}.path",
            Text(ko="여러 조각 가운데 첫째만 옮겼습니다", en="only the first of several parts was kept"),
        )
    address = None
    if paths and not PATH.match(str(paths[0])):
        notes.refuse(
            f"{where}.path",
            paths[0],
            Text(
                ko="상대 경로라 어디에 있는지 알 수 없습니다",
                en="is a relative path, so that nobody can tell where it is",
            ),
        )
    elif paths:
        address = read_address(paths[0], f"{where}.path", notes)
    if "data" in resource:
        notes.add(
            f"{where}.data",
            Text(ko="안에 든 자료는 옮기지 않았습니다", en="data inside the package was not carried over"),
        )
    code, extra = read_licences(resource, f"{where}.", notes)
    media_type = read_media_type(resource.get("mediatype"), f"{where}.mediatype", notes)
    stated = plain(resource.get("format"), f"{where}.format", notes)
    values: dict[str, Any] = {
        "title": read_text(resource.get("title") or resource.get("name"), f"{where}.title", notes),
        "description": read_text(resource.get("description"), f"{where}.description", notes),
        "access_url": address,
        "download_url": address,
        "licence": code,
        "format": find_format(stated) or format_of_media_type(media_type or ""),
        "media_type": media_type,
        "byte_size": read_integer(resource.get("bytes"), f"{where}.bytes", notes),
        "checksum": read_hash(resource.get("hash"), f"{where}.hash", notes),
        "encoding": read_string(resource.get("encoding"), f"{where}.encoding", notes),
    } | extra
    part = {name: values[name] for name in fields_of(Class.DISTRIBUTION) if values.get(name) not in (None, "", [])}
    return add_remainder(part, resource.get(REMAINDER), Class.DISTRIBUTION, where, notes)


def read_hash(value: object, where: str, notes: Notes) -> dict[str, str] | None:
    """Read ``sha256:…``; digits alone are MD5."""
    text = plain(value, where, notes)
    if not text:
        return None
    algorithm, _, digits = text.rpartition(":")
    code = find_code("checksum_algorithm", algorithm or "md5")
    if code is None or not re.fullmatch(r"[0-9A-Fa-f]+", digits):
        notes.refuse(where, value, Text(ko="알고리즘:16진수 형식이 아닙니다", en="is not written as algorithm:digits"))
        return None
    return {"algorithm": code, "value": digits}
