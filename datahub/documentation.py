"""The tables of ``docs/`` that mirror the code: written between markers, checked for freshness by a test."""

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from catalog.records import FORMATS, OPERATORS, PARAMETERS, REASONS, TYPES
from catalog.standard import FIELDS, vocabulary
from catalog.standard.data_models import data_models, model_uri
from catalog.standard.vocabularies import scheme_label, scheme_uri, vocabulary_names
from ingest.connectors import CONNECTORS

LONGEST_TABLE = 80  # codes; longer vocabularies are read at their address
DOCS = Path(__file__).resolve().parent.parent / "docs"


def write_docs() -> list[Path]:
    """Rewrite every table that is not as the code says; return the files that changed."""
    changed = []
    for path in sorted(DOCS.glob("*.md")):
        before = path.read_text(encoding="utf-8")
        after = with_tables(before)
        if after != before:
            path.write_text(after, encoding="utf-8")
            changed.append(path)
    return changed


def with_tables(text: str) -> str:
    """Return a page with every marked table as the code says."""
    for name, table in TABLES.items():
        pattern = re.compile(rf"(<!-- {name}: [^\n]*-->\n).*?(<!-- end {name} -->)", re.DOTALL)
        text = pattern.sub(lambda found, table=table: f"{found[1]}\n{table()}\n\n{found[2]}", text)
    return text


def markdown(heads: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    heads = list(heads)
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    lines += [f"| {' | '.join(cell(value) for value in row)} |" for row in rows]
    return "\n".join(lines)


def cell(value: object) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")


def operators() -> str:
    rows = (
        (f"`{name}`", operator.label.ko, operator.label.en, ", ".join(operator.types), f"`{operator.example}`")
        for name, operator in OPERATORS.items()
    )
    return markdown(["operator", "뜻", "meaning", "types", "example"], rows)


def parameters() -> str:
    return markdown(
        ["parameter", "뜻", "meaning"], ((f"`{name}`", text.ko, text.en) for name, text in PARAMETERS.items())
    )


def formats() -> str:
    rows = (
        (f"`{name}`", f"`{format_.media_type}`", "page by page" if format_.pages else "whole")
        for name, format_ in FORMATS.items()
    )
    return markdown(["format", "media type", "answers"], rows)


def types() -> str:
    return markdown(["type", "뜻", "meaning"], ((f"`{name}`", text.ko, text.en) for name, text in TYPES.items()))


def reasons() -> str:
    return markdown(["reason", "까닭", "why"], ((f"`{name}`", text.ko, text.en) for name, text in REASONS.items()))


def profile() -> str:
    rows = (
        (f"`{f.name}`", f.label.ko, f.label.en, f.obligation, f.kind, f"`{f.term}`", f.definition.ko, f.definition.en)
        for f in FIELDS
    )
    return markdown(["field", "항목", "label", "obligation", "kind", "term", "뜻", "meaning"], rows)


def vocabularies() -> str:
    tables = []
    for name in dict.fromkeys(field.vocabulary for field in FIELDS if field.vocabulary):
        if len(vocabulary(name)) > LONGEST_TABLE:
            continue
        rows = ((f"`{code}`", concept.label.ko, concept.label.en) for code, concept in vocabulary(name).items())
        tables.append(f"## `{name}`\n\n{markdown(['code', '이름', 'label'], rows)}")
    return "\n\n".join(tables)


def vocabulary_list() -> str:
    rows = (
        (f"`{name}`", scheme_label(name).ko, scheme_label(name).en, f"<{scheme_uri(name)}>")
        for name in vocabulary_names()
    )
    return markdown(["vocabulary", "이름", "label", "concept scheme"], rows)


def data_model_tables() -> str:
    tables = []
    for model in data_models().values():
        rows = (
            (
                f"`{column.name}`",
                column.title.ko,
                column.title.en,
                column.type + (" (required)" if column.required else ""),
                f"`{column.unit}`" if column.unit else "",
                ", ".join(column.standard_names),
                f"`{column.smart_data_models}`" if column.smart_data_models else "",
            )
            for column in model.columns
        )
        heads = ["column", "이름", "title", "type", "unit", "found as", "Smart Data Models"]
        known = (
            f"[{model.standard_data}]({model.standard_data_url})" if model.standard_data_url else model.standard_data
        )
        tables.append(
            f"### {model.title.ko} / {model.title.en}: `{model.name}` {model.version}\n\n"
            f"{model.description.ko}\n\n{model.description.en}\n\n"
            f"`{model_uri(model.name)}` · key: {', '.join(f'`{name}`' for name in model.key)}"
            f"{f' · takes in: {known}' if known else ''} · <{model.smart_data_model}>\n\n{markdown(heads, rows)}"
        )
    return "\n\n".join(tables)


def connectors() -> str:
    tables = []
    for name, connector in CONNECTORS.items():
        rows = (
            (f"`{field}`", default_of(info), info.description or "")
            for field, info in connector.config.model_fields.items()
        )
        tables.append(
            f"### `{name}`: {connector.title.ko} / {connector.title.en}\n\n{markdown(['config', 'default', 'meaning'], rows)}"
        )
    return "\n\n".join(tables)


def default_of(info: Any) -> str:  # noqa: ANN401
    return "required" if info.is_required() else f"`{info.get_default(call_default_factory=True)!r}`"


TABLES: Mapping[str, Callable[[], str]] = {
    "operators": operators,
    "parameters": parameters,
    "formats": formats,
    "types": types,
    "reasons": reasons,
    "profile": profile,
    "vocabularies": vocabularies,
    "vocabulary-list": vocabulary_list,
    "data-models": data_model_tables,
    "connectors": connectors,
}
