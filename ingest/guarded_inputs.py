"""Recipes over guarded datasets whose own dataset is not guarded: what they may read and tell, and beside which others.

The form of their SELECT is the matter of ``catalog/records/sql/guarded.py``; the promise stands in ``docs/recipes.md``.
"""

import datetime as dt
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from django.utils import timezone
from pydantic import ValidationError

from catalog.errors import BadSql
from catalog.models import Dataset
from catalog.records import Column, Schema, from_table_schema
from catalog.records.sql import GroupedReading, Statement, Suppression, parse_sql, read_grouped
from catalog.standard import vocabulary
from catalog.text import Text
from ingest.errors import BadSetup
from ingest.kinds import RECIPE
from ingest.models import Source
from ingest.recipe_config import Recipe

SELECT, SUPPRESS, DECLASSIFY = "config.select", "config.suppress", "config.declassify"
LEAST_MINIMUM = 5
CLOSED_TYPES = ("string", "geometry")  # closed where nothing says otherwise


@dataclass(frozen=True)
class GuardedPlan:
    """How a recipe reads its guarded input: the statement, what is suppressed, and the columns that there are for it."""

    reading: GroupedReading
    suppression: Suppression
    columns: Mapping[str, Collection[str]]


def plan_guarded(
    dataset: Dataset, recipe: Recipe, statement: Statement, inputs: Collection[Dataset], moment: dt.datetime
) -> GuardedPlan | None:
    """Return how a recipe reads a guarded input, None where there is none or its own dataset is guarded too.

    What may not be is refused; ``moment`` is the one that the statement was read with.
    """
    guarded = [each for each in inputs if each.is_guarded]
    if not guarded or dataset.is_guarded:
        return None
    own = guarded[0]
    if len(inputs) > 1:
        raise bad(
            SELECT,
            ko=f"'{own.slug}'은(는) 보호 데이터셋이라 다른 데이터셋과 함께 읽을 수 없습니다. 집계만 한 다음 그 결과로 다시 만드십시오",
            en=f"'{own.slug}' is guarded and cannot be read together with other datasets; aggregate it alone, and go on from "
            "what that makes",
        )
    check_protection(recipe, own)
    plan = read_alone(recipe, statement, own)
    check_suppression(recipe, plan)
    for other, theirs in other_plans(dataset, own, moment):
        check_pair(plan, other, theirs)
    check_several(plan, [theirs for _, theirs in other_plans(dataset, own, moment)])
    return plan


def reads_guarded(dataset: Dataset, recipe: Recipe) -> bool:
    """Tell whether a recipe makes open data of guarded data."""
    if dataset.is_guarded:
        return False
    named = parse_sql(recipe.select, timezone.now()).datasets
    return Dataset.objects.filter(slug__in=named, is_guarded=True).exists()


def check_protection(recipe: Recipe, own: Dataset) -> None:
    """Refuse a recipe that protects nobody, or that nobody answers for."""
    if recipe.suppress is None or recipe.suppress.minimum < LEAST_MINIMUM:
        raise bad(
            SUPPRESS,
            ko=f"보호 데이터셋 '{own.slug}'을(를) 읽으려면 suppress가 있어야 하고 minimum은 {LEAST_MINIMUM} 이상이어야 합니다",
            en=f"to read the guarded dataset '{own.slug}' suppress is needed, with a minimum of {LEAST_MINIMUM} or more",
        )
    if not recipe.declassify:
        raise bad(
            DECLASSIFY,
            ko=f"보호 데이터셋 '{own.slug}'의 집계를 왜 내보내도 되는지 declassify에 적으십시오",
            en=f"tell in declassify why aggregates of the guarded dataset '{own.slug}' may be published",
        )


def read_alone(recipe: Recipe, statement: Statement, own: Dataset) -> GuardedPlan:
    """Return the plan of a recipe that reads one guarded dataset, its SELECT held against the form it must have."""
    if recipe.suppress is None:
        raise TypeError(own.slug)
    columns = open_columns(own)
    try:
        reading = read_grouped(statement, recipe.suppress.count, columns)
    except BadSql as error:
        raise BadSetup(where=SELECT, problem=error.text) from error
    suppression = replace(recipe.suppress.value, values=reading.values)
    return GuardedPlan(reading, suppression, {own.slug: columns})


def open_columns(dataset: Dataset) -> tuple[str, ...]:
    """Return the columns of a guarded dataset that hold no personal data.

    Texts of which nothing is said are closed, unless they are in the key or have a list of codes; so are places.
    """
    distribution = dataset.distribution
    if distribution is None or distribution.schema is None:
        return ()
    schema = from_table_schema(distribution.schema)
    decided = {
        name
        for decisions in Source.objects.filter(distribution=distribution).values_list("personal_data", flat=True)
        for name, decision in decisions.items()
        if decision != "publish"
    }
    return tuple(column.name for column in schema.columns if is_open(column, schema) and column.name not in decided)


def is_open(column: Column, schema: Schema) -> bool:
    if column.personal_data:
        known = vocabulary("personal_data_class")
        code = column.personal_data
        return code in known and known[code].mappings["publishable"] == "true"
    place = schema.geometry
    if place and column.name in (place.longitude, place.latitude, place.column):
        return False
    is_coded = column.name in schema.key or bool(column.code_list) or bool(column.enum)
    return column.type not in CLOSED_TYPES or (column.type == "string" and is_coded)


def check_suppression(recipe: Recipe, plan: GuardedPlan) -> None:
    """Refuse to leave measures of hidden rows to be seen, and totals over what is no key."""
    keys, emptied = plan.reading.keys, {name.lower() for name in plan.suppression.columns}
    left = [name for name in plan.reading.measures if name not in emptied]
    if emptied and left:
        raise bad(
            SUPPRESS,
            ko=f"columns에 모든 지표가 있어야 합니다. 빠진 것: {', '.join(left)}",
            en=f"columns must name every measure; missing: {', '.join(left)}",
        )
    if wrong := [name for name in emptied if name in keys]:
        raise bad(
            SUPPRESS,
            ko=f"묶는 열 {', '.join(wrong)}은(는) 비울 수 없습니다",
            en=f"{', '.join(wrong)} cannot be emptied: it is a key",
        )
    unknown = [name for names in plan.suppression.within for name in names if name.lower() not in keys]
    if unknown:
        raise bad(
            SUPPRESS,
            ko=f"within의 {', '.join(unknown)}은(는) 묶는 열이 아닙니다. 묶는 열: {', '.join(keys)}",
            en=f"{', '.join(unknown)} in within is no key of the answer; its keys: {', '.join(keys)}",
        )


def other_plans(dataset: Dataset, own: Dataset, moment: dt.datetime) -> Iterator[tuple[str, GuardedPlan]]:
    """Yield the other recipes that tell of the same guarded dataset, by the datasets that they make.

    One that cannot be read any more publishes nothing new.
    """
    rows = Source.objects.filter(connector=RECIPE, distribution__dataset__is_guarded=False)
    rows = rows.exclude(distribution__dataset=dataset.pk).order_by("distribution__dataset__slug")
    for slug, config in rows.values_list("distribution__dataset__slug", "config"):
        try:
            recipe = Recipe.model_validate(config)
            statement = parse_sql(recipe.select, moment)
            if own.slug in statement.datasets and recipe.suppress is not None:
                yield slug, read_alone(recipe, statement, own)
        except (BadSql, BadSetup, ValidationError):
            continue


def check_pair(plan: GuardedPlan, other: str, theirs: GuardedPlan) -> None:
    """Refuse two recipes over one guarded dataset of which one tells what the other hides."""
    ours, others = plan.reading, theirs.reading
    if plan.suppression.minimum != theirs.suppression.minimum or ours.where != others.where:
        raise bad(
            SELECT,
            ko=f"'{other}'도 같은 보호 데이터셋을 셉니다. 둘의 차이로 작은 수를 알 수 없게 WHERE와 minimum이 서로 같아야 합니다",
            en=f"'{other}' counts the same guarded dataset; both need the same WHERE and the same minimum, or their difference "
            "tells small numbers",
        )
    for name, key in ours.keys.items():
        for their_name, their_key in others.keys.items():
            is_same = (name, key) == (their_name, their_key)
            if not is_same and (name == their_name or is_one_column_cut_twice(ours, others, name, their_name)):
                raise bad(
                    SELECT,
                    ko=f"'{other}'의 묶는 열 '{their_name}'와(과) 이 레시피의 '{name}'이(가) 같은 열을 다르게 나눕니다. 똑같이 "
                    f"쓰거나, 더 굵은 쪽을 '{other}'의 결과로 만드십시오",
                    en=f"the key '{their_name}' of '{other}' and '{name}' of this recipe cut the same column differently; write "
                    "them alike, or make the coarser one from the dataset that the finer one makes",
                )
    mine, yours = frozenset(ours.keys), frozenset(others.keys)
    if mine == yours:
        raise bad(
            SELECT,
            ko=f"'{other}'이(가) 같은 열로 묶습니다. 둘을 한 레시피로 합치십시오",
            en=f"'{other}' groups by the same columns; make one recipe of both",
        )
    common = mine & yours
    for finer, keys, name, coarser in ((plan, mine, "", theirs), (theirs, yours, other, plan)):
        if common < keys and not is_declared(common, finer):
            raise undeclared(other, name, common)
        if keys - common and common in (mine, yours) and coarser.suppression.within:
            raise bad(
                SELECT,
                ko=f"이 레시피와 '{other}' 가운데 굵은 쪽에 within이 있으면, 그쪽이 가린 행을 가는 쪽의 합으로 알 수 있습니다. 굵은 쪽을 "
                "가는 쪽이 만든 데이터셋으로 만드십시오",
                en=f"of this recipe and '{other}' the coarser one has within, and what it hides is the sum of rows of the finer "
                "one; make the coarser one from the dataset that the finer one makes",
            )


def check_several(plan: GuardedPlan, others: Collection[GuardedPlan]) -> None:
    """Refuse a third recipe where the columns in common are not the same for all: their tables would bind each other."""
    all_keys = [frozenset(each.reading.keys) for each in (plan, *others)]
    common = {one & other for at, one in enumerate(all_keys) for other in all_keys[at + 1 :]}
    if len(common) > 1:
        told = ", ".join("(" + ", ".join(sorted(names)) + ")" for names in sorted(common, key=sorted))
        raise bad(
            SELECT,
            ko=f"이 보호 데이터셋을 세는 레시피가 셋 이상이고 함께 묶는 열이 서로 다릅니다: {told}. 모두 같은 열을 함께 쓰게 하십시오",
            en=f"three or more recipes count this guarded dataset, and what they have in common differs: {told}; let all share "
            "the same columns",
        )


def is_one_column_cut_twice(ours: GroupedReading, others: GroupedReading, name: str, their_name: str) -> bool:
    """Tell whether two keys read the same column, and neither recipe has the other's key beside its own."""
    if not ours.read[name] & others.read[their_name]:
        return False
    return ours.keys.get(their_name) != others.keys[their_name] and others.keys.get(name) != ours.keys[name]


def is_declared(common: frozenset[str], plan: GuardedPlan) -> bool:
    """Tell whether a recipe reckons with totals by these columns; finer totals tell them too."""
    return any(common <= {name.lower() for name in names} for names in plan.suppression.within)


def undeclared(other: str, name: str, common: Collection[str]) -> BadSetup:
    listed = "[" + ", ".join(f'"{each}"' for each in sorted(common)) + "]"
    where = Text(ko=f"'{name}'의", en=f"of '{name}'") if name else Text(ko="이 레시피의", en="of this recipe")
    return bad(
        SUPPRESS,
        ko=f"'{other}'도 같은 보호 데이터셋을 세므로 {listed}별 합계가 알려집니다. {where.ko} within에 {listed}을(를) 넣으십시오",
        en=f"'{other}' counts the same guarded dataset, so that totals by {listed} are known; put {listed} into the within {where.en}",
    )


def bad(where: str, *, ko: str, en: str) -> BadSetup:
    return BadSetup(where=where, problem=Text(ko=ko, en=en))
