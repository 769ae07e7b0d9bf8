"""Whether a recipe may be: its inputs exist, it does not eat itself, and what it makes is neither more open nor freer to use
than they are. Asked when a recipe is saved and again when it runs, for inputs change."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from pydantic import ValidationError

from catalog.access import RULES
from catalog.errors import BadSql
from catalog.models import Dataset, Distribution
from catalog.records import from_table_schema
from catalog.records.sql import Statement, parse_sql
from catalog.standard import label_of
from catalog.standard.licence_terms import Ingredient, Obstacle, name_of, obstacles, suitable_licences
from catalog.text import Text
from ingest.errors import BadSetup
from ingest.guarded_inputs import plan_guarded
from ingest.kinds import RECIPE
from ingest.models import Source
from ingest.recipe_config import Recipe

SELECT = "config.select"
OPENNESS = tuple(RULES)  # the most open level first
SECRET = "non-public"  # whether such a dataset exists is nobody's business
PROTECTIONS = ("k_anonymity", "small_cells")
SHOWN_LICENCES = 3
Expected = Mapping[str, Any]


@dataclass(frozen=True)
class Trouble:
    """Why a recipe is refused, or only warned of; ``where`` is the field of the source."""

    where: str
    code: str
    text: Text
    blocks: bool = True


def check_recipe(distribution: Distribution, recipe: Recipe, expectations: Expected) -> None:
    """Refuse a recipe that may not be; the first reason is told."""
    dataset = Dataset.objects.select_related("organisation").get(pk=distribution.dataset_id)
    inputs = find_inputs(read_select(recipe))
    refuse_circles(dataset.slug, inputs)
    check_columns(distribution, recipe)
    for trouble in find_troubles(dataset, list(inputs.values()), recipe, expectations):
        if trouble.blocks:
            raise BadSetup(where=trouble.where, problem=trouble.text)


def read_select(recipe: Recipe) -> Statement:
    """Return the checked statement of a recipe, with the clock of now."""
    try:
        statement = parse_sql(recipe.select, timezone.now())
    except BadSql as error:
        raise BadSetup(where=SELECT, problem=error.text) from error
    if not statement.datasets:
        raise BadSetup(
            where=SELECT,
            problem=Text(
                ko="데이터셋을 하나도 읽지 않습니다. FROM에 쓰십시오", en="it reads no dataset; name one in FROM"
            ),
        )
    return statement


def find_inputs(statement: Statement) -> dict[str, Dataset]:
    """Return the datasets that a statement reads with their current snapshots, all looked up at one moment."""
    rows = Dataset.objects.current().select_related("organisation", "distribution__current_snapshot")
    found = {dataset.slug: dataset for dataset in rows.filter(slug__in=statement.datasets)}
    for slug in statement.datasets:
        if slug not in found:
            raise bad(SELECT, ko=f"'{slug}' 데이터셋이 없습니다", en=f"there is no dataset '{slug}'")
        if found[slug].distribution is None:
            ko = f"'{slug}' 데이터셋은 이 허브가 레코드를 내지 않습니다"
            raise bad(SELECT, ko=ko, en=f"this hub serves no records of the dataset '{slug}'")
    return {slug: found[slug] for slug in statement.datasets}


def refuse_circles(own: str, inputs: Mapping[str, Dataset]) -> None:
    """Refuse a recipe whose dataset goes into itself, by whatever way; the way is told."""
    makes = known_recipes()
    ways: list[tuple[str, ...]] = [(own, slug) for slug in inputs]
    seen: set[str] = set()
    while ways:
        way = ways.pop()
        if way[-1] == own:
            told = " ← ".join(way)
            raise bad(SELECT, ko=f"자기 자신으로 되돌아갑니다: {told}", en=f"it goes round in a circle: {told}")
        if way[-1] not in seen:
            seen.add(way[-1])
            ways += [(*way, slug) for slug in sorted(makes.get(way[-1], ()))]


def known_recipes() -> dict[str, set[str]]:
    """Return the inputs of every dataset that a recipe makes."""
    makes: dict[str, set[str]] = {}
    rows = Source.objects.filter(connector=RECIPE).values_list("distribution__dataset__slug", "config")
    for slug, config in rows:
        makes.setdefault(slug, set()).update(inputs_named(config))
    return makes


def inputs_named(config: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the inputs of a stored recipe; none when it cannot be read any more, which its next run tells."""
    try:
        return parse_sql(Recipe.model_validate(config).select, timezone.now()).datasets
    except (BadSql, ValidationError):
        return ()


def check_columns(distribution: Distribution, recipe: Recipe) -> None:
    """Refuse columns that could never hold what a recipe gives them."""
    schema = from_table_schema(distribution.schema)
    if schema.geometry and schema.geometry.crs != "EPSG:4326":
        raise bad(
            "dataset",
            ko=f"레코드의 위치는 WGS 84입니다. 데이터셋의 crs({schema.geometry.crs})를 EPSG:4326으로 바꾸십시오",
            en=f"records have their places in WGS 84; make the dataset's crs ({schema.geometry.crs}) EPSG:4326",
        )
    columns = {column.source_name.lower(): column for column in schema.columns}  # as the engine compares names
    for name in recipe.suppress.columns if recipe.suppress else ():
        if columns and name.lower() not in columns:
            there = ", ".join(column.source_name for column in columns.values())
            raise bad(
                "config.suppress",
                ko=f"비울 열 '{name}'이(가) 이 데이터셋에 없습니다. 있는 열: {there}",
                en=f"this dataset has no column '{name}' to empty; it has: {there}",
            )
    for name in recipe.suppress.value.emptied if recipe.suppress else ():
        column = columns.get(name.lower())
        if column is not None and (column.required or column.name in schema.key):
            raise bad(
                "config.suppress",
                ko=f"'{name}' 열은 비울 수 없습니다(required 또는 key). 필수를 풀거나 columns를 지워 행을 빼십시오",
                en=f"'{name}' cannot be emptied (required or key); do not require it, or leave columns out to drop rows",
            )


def find_troubles(dataset: Dataset, inputs: list[Dataset], recipe: Recipe, expectations: Expected) -> Iterator[Trouble]:
    """Yield what speaks against publishing what is made of the inputs, as they are described now."""
    yield from guarded_troubles(dataset, inputs, recipe)
    yield from openness_troubles(dataset, inputs, recipe, expectations)
    yield from licence_troubles(dataset, inputs)


def guarded_troubles(dataset: Dataset, inputs: list[Dataset], recipe: Recipe) -> Iterator[Trouble]:
    """Yield why a recipe may not tell of its guarded input, if it may not."""
    moment = timezone.now()
    try:
        plan_guarded(dataset, recipe, parse_sql(recipe.select, moment), inputs, moment)
    except BadSetup as error:
        yield Trouble(str(error.values["where"]), "guarded-input", error.values["problem"])


def openness_troubles(
    dataset: Dataset, inputs: list[Dataset], recipe: Recipe, expectations: Expected
) -> Iterator[Trouble]:
    """Yield the inputs that are less open than the answer, unless somebody says why and small groups are protected."""
    closed = [each for each in inputs if OPENNESS.index(each.access_level) > OPENNESS.index(dataset.access_level)]
    is_protected = recipe.suppress is not None or any(is_blocking(name, expectations) for name in PROTECTIONS)
    if not closed and recipe.declassify and not any(each.is_guarded for each in inputs):
        text = Text(
            ko="declassify가 필요 없습니다. 입력이 모두 이 데이터셋만큼 공개되어 있습니다",
            en="declassify is not needed; all inputs are as open as this dataset",
        )
        yield Trouble("config.declassify", "needless-declassification", text, blocks=False)
    if recipe.declassify and not is_protected:
        text = Text(
            ko="declassify에는 suppress나 차단하는 k_anonymity, small_cells 기대 조건이 함께 있어야 합니다",
            en="declassify needs suppress, or the expectation k_anonymity or small_cells that blocks, beside it",
        )
        yield Trouble("config.declassify", "unprotected", text)
    if recipe.declassify and is_protected:
        return
    for each in closed:
        text = Text(
            ko="입력 '{input}'의 공개 등급은 {theirs}인데 이 데이터셋은 {ours}(으)로 더 열려 있습니다. 공개 등급을 맞추거나, "
            "작은 집단을 가리고(suppress) declassify에 까닭을 적으십시오",
            en="the input '{input}' is {theirs}, but this dataset is more open: {ours}. Give it the same access level, or "
            "hide small groups (suppress) and tell in declassify why it may be so",
        ).format(
            input=each.slug,
            theirs=label_of("access_level", each.access_level),
            ours=label_of("access_level", dataset.access_level),
        )
        yield Trouble(SELECT, "more-open-than-input", text)


def is_blocking(name: str, expectations: Expected) -> bool:
    """Tell whether an expectation is set and holds back what breaks it."""
    severity = expectations.get("severity") or {}
    return bool(expectations.get(name)) and severity.get(name, "block") == "block"


def licence_troubles(dataset: Dataset, inputs: list[Dataset]) -> Iterator[Trouble]:
    """Yield the licences of inputs that the dataset's own does not fit, with those that would."""
    ingredients = ingredients_of(dataset, inputs)
    found = obstacles(dataset.licence, ingredients)
    if not found:
        return
    fitting = suitable_licences(ingredients)[:SHOWN_LICENCES]
    for obstacle in found:
        yield Trouble("dataset", f"licence-{obstacle.code}", with_advice(obstacle, fitting), obstacle.blocks)


def with_advice(obstacle: Obstacle, fitting: list[str]) -> Text:
    """Return what is wrong with a licence and what would be right."""
    if not fitting:
        advice = Text(
            ko="이 입력들로 만든 자료에 맞는 이용허락이 없습니다. 입력을 빼거나 권리자의 허락을 받으십시오",
            en="no licence fits data made from these inputs; leave the input out, or ask who owns it",
        )
    else:
        names = [name_of(code) for code in fitting]
        advice = Text(
            ko="맞는 이용허락: " + ", ".join(f"{name.ko} ({code})" for name, code in zip(names, fitting, strict=True)),
            en="fitting: " + ", ".join(f"{name.en} ({code})" for name, code in zip(names, fitting, strict=True)),
        )
    return Text(ko="{said}. {advice}", en="{said}; {advice}").format(said=obstacle.text, advice=advice)


def ingredients_of(dataset: Dataset, inputs: list[Dataset]) -> list[Ingredient]:
    return [
        Ingredient(each.slug, each.licence, is_own=each.organisation_id == dataset.organisation_id) for each in inputs
    ]


def bad(where: str, *, ko: str, en: str) -> BadSetup:
    return BadSetup(where=where, problem=Text(ko=ko, en=en))
