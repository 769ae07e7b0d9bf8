"""A preview as a part of a hub file (TOML) that ``manage.py apply`` takes: the dataset with its columns, and the source.

What nobody but a steward can know (title, organisation, licence) is there to be filled in. The dataset is not public until
somebody has looked at it and says so.
"""

import datetime as dt
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from catalog.records import Column, Schema
from catalog.records.schema import DEFAULT_MISSING
from catalog.standard.data_models import data_model
from catalog.standard.vocabularies import find_code
from catalog.text import Text
from ingest.preview import Preview
from ingest.wording import storable

BARE_KEY = re.compile(r"[A-Za-z0-9_-]+\Z")
NEW_ORGANISATION = "my-organisation"
FILL_IN = Text(
    ko="제공기관을 적으십시오. 있는 기관이면 이 표를 지웁니다",
    en="fill in; remove this table if the organisation is there",
)
NOT_PUBLIC = Text(ko='검토를 마치면 "public"으로 바꾸십시오', en='make it "public" once you have looked at it')
FILL_IN_CODE = Text(ko="알맞은 코드를 적으십시오", en="fill in the right code")
UNDER_REVIEW = Text(ko="공개 전 검토 중", en="Under review before it is opened")
GUESSED = Text(ko="짐작한 좌표계입니다. 다른 후보: {others}", en="a guess; others: {others}")
TOLD_LICENCE = Text(ko="플랫폼이 말하는 이용허락: {licence}", en="licence, as the platform says: {licence}")
FEW_VALUES = Text(ko="값: {values}", en="values: {values}")


def write_snippet(
    preview: Preview,
    slug: str,
    *,
    organisation: str = "",
    language: str = "ko",
    allow_private: bool = False,
) -> str:
    """Write the dataset and the source; "" when no column was found."""
    schema = preview.schema
    if schema is None:
        return ""
    lines = [] if organisation else [*organisation_lines(language)]
    lines += [*dataset_lines(preview, schema, slug, organisation, language)]
    few = {column.source: column.values for column in preview.inferred.columns}
    for column in schema.columns:
        lines += ["", *column_lines(column, few.get(column.source_name, ()), language)]
    lines += ["", *source_lines(preview, slug, allow_private=allow_private)]
    return "\n".join(lines) + "\n"


def organisation_lines(language: str) -> Iterator[str]:
    yield "[[organisations]]"
    yield f"slug = {written(NEW_ORGANISATION)}  # {FILL_IN.in_language(language)}"
    yield 'name = { ko = "우리 기관", en = "Our organisation" }'
    yield ""


def dataset_lines(preview: Preview, schema: Schema, slug: str, organisation: str, language: str) -> Iterator[str]:
    described, inferred = preview.described, preview.inferred
    title = described.title or Text(ko=slug)
    yield "[[datasets]]"
    yield f"slug = {written(slug)}"
    yield f"organisation = {written(organisation or NEW_ORGANISATION)}"
    yield f"title = {written(title.as_dict())}"
    yield f"description = {written((described.description or title).as_dict())}"
    todo = FILL_IN_CODE.in_language(language)
    if preview.model:
        yield f"theme = {written(data_model(preview.model).theme)}"
    else:
        yield f'theme = "administration"  # {todo}'
    if code := find_code("licence", described.licence) if described.licence else None:
        yield f"licence = {written(code)}"
    else:
        told = TOLD_LICENCE.format(licence=described.licence) if described.licence else FILL_IN_CODE
        yield f'licence = "unknown"  # {one_line(told, language)}'
    yield f'access_level = "non-public"  # {NOT_PUBLIC.in_language(language)}'
    yield f"access_reason = {written(UNDER_REVIEW.as_dict())}"
    if schema.key:
        yield f"key = {written(list(schema.key))}"
    if schema.time:
        yield f"time = {written(schema.time)}"
    if schema.geometry:
        place = {"longitude": schema.geometry.longitude, "latitude": schema.geometry.latitude}
        place |= {"column": schema.geometry.column, "crs": schema.geometry.crs}
        others = ", ".join(inferred.crs_guesses[1:])
        guess = f"  # {GUESSED.format(others=others).in_language(language)}" if others else ""
        yield f"geometry = {written({name: value for name, value in place.items() if value})}{guess}"


def column_lines(column: Column, values: tuple[str, ...], language: str) -> Iterator[str]:
    yield "[[datasets.columns]]"
    yield f"name = {written(column.name)}"
    if column.source:
        yield f"source = {written(column.source)}"
    if column.type != "string":
        yield f"type = {written(column.type)}"
    if column.title:
        yield f"title = {written(column.title.as_dict())}"
    if column.description:
        yield f"description = {written(column.description.as_dict())}"
    if column.unit:
        yield f"unit = {written(column.unit)}"
    if column.missing is not None and column.missing != DEFAULT_MISSING:
        yield f"missing = {written(list(column.missing))}"
    if values:
        yield f"# {one_line(FEW_VALUES.format(values=', '.join(values)), language)}"


def source_lines(preview: Preview, slug: str, *, allow_private: bool) -> Iterator[str]:
    yield "[[sources]]"
    yield f"slug = {written(slug)}"
    yield f"dataset = {written(slug)}"
    yield f"connector = {written(preview.connector)}"
    if allow_private:
        yield "allow_private = true"
    yield "expectations = { min_rows = 1, min_share = 0.5 }"
    yield '# schedule = "daily"'
    yield ""
    yield "[sources.config]"
    for name, value in preview.config.items():
        if value is not None:
            yield f"{key(name)} = {written(value)}"


def written(value: Any) -> str:  # noqa: ANN401
    """Write a plain value as TOML; texts as JSON does, which TOML reads alike, but for the sign DEL."""
    if isinstance(value, Mapping):
        return (
            "{ " + ", ".join(f"{key(name)} = {written(part)}" for name, part in value.items()) + " }" if value else "{}"
        )
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(written, value)) + "]"
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return storable(json.dumps(value, ensure_ascii=False)).replace("\x7f", "\\u007f")


def key(name: str) -> str:
    return name if BARE_KEY.match(name) else written(name)


def one_line(text: Text, language: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text.in_language(language))[:300]
