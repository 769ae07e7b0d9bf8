"""The tables of ``docs/`` that mirror the code: written between markers, checked for freshness by a test."""

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from catalog.api.ckan.actions import ACTIONS
from catalog.api.tongues import TONGUES
from catalog.records import AGGREGATES, BUCKETS, FORMATS, FUNCTIONS, OPERATORS, PARAMETERS, REASONS, TYPES
from catalog.records.operators import Operator
from catalog.records.sql import FUNCTIONS as SQL_FUNCTIONS
from catalog.records.sql import KINDS as SQL_KINDS
from catalog.standard import CLASSES, FIELDS, GROUPS, PROFILE, Class, Field, vocabulary
from catalog.standard.conformance import RULES
from catalog.standard.data_models import data_models, model_uri
from catalog.standard.links import LINK_STATES
from catalog.standard.measures import MEASURES
from catalog.standard.metrics import DIMENSIONS, METRICS
from catalog.standard.profile_document import ELSEWHERE
from catalog.standard.vocabularies import scheme_label, scheme_uri, vocabulary_names
from catalog.standard.wording import cardinality
from ingest.kinds import KINDS

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


def functions() -> str:
    return table_of(FUNCTIONS)


def buckets() -> str:
    return table_of(BUCKETS)


def aggregates() -> str:
    return table_of(AGGREGATES)


def table_of(rows: Mapping[str, Operator]) -> str:
    """Return a table of operators that are written in expressions."""
    return markdown(
        ["name", "뜻", "meaning", "example"],
        ((f"`{row.cql2 or name}`", row.label.ko, row.label.en, f"`{row.example}`") for name, row in rows.items()),
    )


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


def sql_functions() -> str:
    """Return a table for each kind of function that SQL may call."""
    tables = []
    for kind, label in SQL_KINDS.items():
        rows = (
            (f"`{row.name}`", row.label.ko, row.label.en, f"`{row.example}`")
            for row in SQL_FUNCTIONS.values()
            if row.kind == kind
        )
        tables.append(f"**{label.ko} / {label.en}**\n\n{markdown(['function', '뜻', 'meaning', 'example'], rows)}")
    return "\n\n".join(tables)


def ckan_actions() -> str:
    rows = (
        (f"`{name}`", action.text.ko, action.text.en, ", ".join(f"`{parameter}`" for parameter in action.parameters))
        for name, action in ACTIONS.items()
    )
    return markdown(["action", "하는 일", "answers", "parameters"], rows)


def tongues() -> str:
    rows = (
        (f"`.{tongue.extension}`", tongue.label.en, f"`{tongue.plain_type}`", "yes" if tongue.is_negotiated else "no")
        for tongue in TONGUES
    )
    return markdown(["extension", "tongue", "media type", "by `Accept`"], rows)


def types() -> str:
    return markdown(["type", "뜻", "meaning"], ((f"`{name}`", text.ko, text.en) for name, text in TYPES.items()))


def reasons() -> str:
    return markdown(["reason", "까닭", "why"], ((f"`{name}`", text.ko, text.en) for name, text in REASONS.items()))


def profile() -> str:
    """Return a table for each class; a dataset's fields stand in the groups of the profile."""
    tables = []
    for class_, row in CLASSES.items():
        groups = GROUPS if class_ is Class.DATASET else ((None, PROFILE[class_]),)
        tables.append(
            f"### {row.label.ko} / {row.label.en}: `{class_}` (`{row.term}`)\n\n{row.definition.ko}. {row.definition.en}"
        )
        for label, fields in groups:
            heading = f"**{label.ko} / {label.en}**\n\n" if label else ""
            tables.append(heading + markdown(PROFILE_HEADS, map(profile_row, fields)))
    return "\n\n".join(tables)


PROFILE_HEADS = ("field", "항목", "label", "obligation", "number", "kind", "term", "뜻", "meaning")


def profile_row(field: Field) -> tuple[object, ...]:
    inner = f" of `{field.of}`" if field.of else f" `{field.vocabulary}`" if field.vocabulary else ""
    return (
        f"`{field.name}`",
        field.label.ko,
        field.label.en,
        field.obligation,
        cardinality(field),
        f"{field.kind}{inner}",
        f"`{field.term}`",
        field.definition.ko,
        field.definition.en,
    )


def mappings() -> str:
    """Return the names that fields have elsewhere."""
    rows = (
        (f"`{class_}.{field.name}`", f"`{field.term}`", *(quoted(field.names.get(name, "")) for name in ELSEWHERE))
        for class_, fields in PROFILE.items()
        for field in fields
        if field.names
    )
    return markdown(["field", "DCAT-AP 3.0.1", *(label.en for label in ELSEWHERE.values())], rows)


def quoted(name: str) -> str:
    return f"`{name}`" if name else ""


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


def rules() -> str:
    rows = ((f"`{rule.identifier}`", rule.level, rule.demand.ko, rule.demand.en) for rule in RULES)
    return markdown(["rule", "level", "바라는 것", "demand"], rows)


def metrics() -> str:
    """Return a table for each dimension, with its points together."""
    tables = []
    for name, label in DIMENSIONS.items():
        of_it = [metric for metric in METRICS if metric.dimension == name]
        rows = (
            (
                f"[`{m.identifier}`]({m.uri})",
                m.label.ko,
                m.label.en,
                m.scope,
                m.points,
                m.measures.en,
                m.mend.ko,
                m.mend.en,
            )
            for m in of_it
        )
        heads = ["metric", "지표", "label", "of", "points", "measures", "고치는 법", "how to mend"]
        tables.append(f"### {label.ko} / {label.en}: {sum(m.points for m in of_it)}\n\n{markdown(heads, rows)}")
    return "\n\n".join(tables)


def measures() -> str:
    rows = ((f"`{m.identifier}`", m.word.ko, m.label.ko, m.label.en, m.measures.ko, m.measures.en) for m in MEASURES)
    return markdown(["measure", "낱말", "이름", "label", "재는 것", "measures"], rows)


def link_states() -> str:
    return markdown(
        ["state", "상태", "meaning"], ((f"`{state}`", text.ko, text.en) for state, text in LINK_STATES.items())
    )


def quality_bands() -> str:
    bands = vocabulary("quality_band").values()
    rows = ((f"`{b.code}`", b.label.ko, b.label.en, f"{b.mappings['min']}–{b.mappings['max']}") for b in bands)
    return markdown(["band", "등급", "label", "points"], rows)


def connectors() -> str:
    tables = []
    for name, connector in KINDS.items():
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
    "rules": rules,
    "metrics": metrics,
    "measures": measures,
    "link-states": link_states,
    "quality-bands": quality_bands,
    "operators": operators,
    "functions": functions,
    "buckets": buckets,
    "aggregates": aggregates,
    "parameters": parameters,
    "formats": formats,
    "sql-functions": sql_functions,
    "tongues": tongues,
    "ckan-actions": ckan_actions,
    "types": types,
    "reasons": reasons,
    "profile": profile,
    "mappings": mappings,
    "vocabularies": vocabularies,
    "vocabulary-list": vocabulary_list,
    "data-models": data_model_tables,
    "connectors": connectors,
}
