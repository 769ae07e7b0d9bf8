"""Does a description meet the standard? Pass or fail, rule by rule, each with a sentence that says how to mend it.

The rules are rows of ``catalog/standard/rules.py``; the forms of single values are in ``catalog/standard/forms.py``. What
is asked here of a description as a whole are the functions in ``WHOLE``. How *good* a description is, is another question:
``catalog/standard/quality.py``.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from catalog.standard.forms import SLUG_PATTERN, Broken, check_form, is_blank, is_list, nested_class
from catalog.standard.persons import check_contact
from catalog.standard.profile import Class, Field, Obligation, fields_of
from catalog.standard.regions import Region, closest_region, regions
from catalog.standard.rules import RULE, RULES, Level, Rule
from catalog.standard.vocabularies import vocabulary
from catalog.text import Text

__all__ = [
    "RULES",
    "SLUG_PATTERN",
    "Conformance",
    "Level",
    "Problem",
    "Rule",
    "check_description",
    "conformance",
    "find_problems",
]

Description = Mapping[str, Any]


@dataclass(frozen=True)
class Problem:
    """A rule that a description breaks: the rule's identifier, the place, what would be right, and how grave it is.

    ``field`` is the name of a field, or the way into a part: ``distributions.0.access_url``.
    """

    rule: str
    field: str
    text: Text
    level: Level


@dataclass(frozen=True)
class Conformance:
    """The answer to every rule; hints never fail a description."""

    passes: bool
    problems: tuple[Problem, ...]
    hints: tuple[Problem, ...]
    rules_checked: tuple[Rule, ...] = RULES


def check_description(description: Description, class_: Class = Class.DATASET) -> tuple[Problem, ...]:
    """Return every broken rule but hints; an empty answer means that the description conforms."""
    return tuple(problem for problem in find_problems(description, class_) if problem.level is not Level.HINT)


def conformance(description: Description, class_: Class = Class.DATASET) -> Conformance:
    """Return the whole answer, hints included."""
    found = tuple(find_problems(description, class_))
    problems = tuple(problem for problem in found if problem.level is not Level.HINT)
    hints = tuple(problem for problem in found if problem.level is Level.HINT)
    return Conformance(not problems, problems, hints)


def find_problems(description: Description, class_: Class = Class.DATASET, place: str = "") -> Iterator[Problem]:
    """Yield every broken rule, hints included, of a description and of the descriptions inside it."""
    fields = fields_of(class_)
    for name in description:
        if name not in fields:
            yield tell(Broken("unknown-field", values={"allowed": ", ".join(fields)}), f"{place}{name}")
    sound = dict[str, Any]()
    for name, field in fields.items():
        value = description.get(name)
        if value is None or is_blank(value):
            yield from missing(field, f"{place}{name}", is_part=bool(place))
            continue
        broken = list(check_form(value, field))
        yield from (tell(each, f"{place}{name}{each.place}") for each in broken)
        if not any(RULE[each.rule].level is Level.FORM for each in broken):
            sound[name] = value
        yield from nested_problems(value, field, f"{place}{name}")
    for check in WHOLE.get(class_, ()):
        yield from (tell(each, f"{place}{each.place}") for each in check(sound))


def missing(field: Field, place: str, *, is_part: bool) -> Iterator[Problem]:
    """Yield what it means that a field says nothing; inside a part only what is mandatory is told, which is enough."""
    if field.obligation is Obligation.MANDATORY:
        yield tell(Broken("mandatory", values={"label": field.label}), place)
    elif field.obligation is Obligation.RECOMMENDED and not is_part:
        yield tell(Broken("recommended", values={"label": field.label, "definition": field.definition}), place)


def nested_problems(value: object, field: Field, place: str) -> Iterator[Problem]:
    """Walk the descriptions that a field holds: parts, and the contact point."""
    inner = nested_class(field)
    if inner is None:
        return
    parts = {f".{number}": part for number, part in enumerate(value)} if field.many and is_list(value) else {"": value}
    for where, part in parts.items():
        if isinstance(part, Mapping):
            yield from find_problems(part, inner, f"{place}{where}.")


def tell(broken: Broken, place: str) -> Problem:
    rule = RULE[broken.rule]
    return Problem(rule.identifier, place, rule.mend.format(**(broken.values or {})), rule.level)


# What is asked of a description as a whole. Each gets the fields whose form is right and yields broken rules, the place
# being the name of a field.


def check_access(description: Description) -> Iterator[Broken]:
    if description.get("access_level") not in ("restricted", "non-public"):
        return
    if "access_reason" not in description:
        yield Broken("reason", "access_reason")
    if "access_law" not in description:
        yield Broken("law", "access_law")


def check_personal_data(description: Description) -> Iterator[Broken]:
    if description.get("access_level") != "public":
        return
    treated = description.get("personal_data")
    if treated and not is_publishable("personal_data", treated):
        yield Broken("personal-data.public", "personal_data", {"value": vocabulary("personal_data")[treated].label})
    for number, column in enumerate(description.get("columns", ())):
        kind = column.get("personal_data")
        if kind in vocabulary("personal_data_class") and not is_publishable("personal_data_class", kind):
            label = vocabulary("personal_data_class")[kind].label
            yield Broken("personal-data.column", f"columns.{number}.personal_data", {"value": label})


def is_publishable(name: str, code: str) -> bool:
    return vocabulary(name)[code].mappings["publishable"] == "true"


def check_licence(description: Description) -> Iterator[Broken]:
    if description.get("licence") == "unknown":
        yield Broken("licence.unknown", "licence")


def check_next_update(description: Description) -> Iterator[Broken]:
    due, modified = str(description.get("next_update", "")), str(description.get("modified", ""))[:10]
    if due and modified and due < modified:
        yield Broken("next-update", "next_update", {"value": due, "modified": modified})


def check_region_in_time(description: Description) -> Iterator[Broken]:
    """Yield a region code that had been retired before the time that the data covers ended."""
    region, period = closest_region(description.get("region", "")), description.get("temporal", {})
    if region is None or not region.until:
        return
    day = str(period.get("end") or period.get("start") or "")
    values = {"value": description["region"], "until": region.until, "day": day, "successor": tell_successors(region)}
    if not day:
        yield Broken("region.retired-undated", "region", values)
    elif day > region.until:
        yield Broken("region.retired", "region", values)


def tell_successors(region: Region) -> Text:
    """Return the sentence that names the codes that came after a retired one."""
    after = [regions()[code] for code in region.successors if code in regions()]
    if not after:
        return Text()
    return Text(ko="그 뒤의 코드: {codes}", en="Its successor: {codes}").format(
        codes=Text(
            ko=", ".join(f"{each.code} ({each.name.ko})" for each in after),
            en=", ".join(f"{each.code} ({each.name.en or each.name.ko})" for each in after),
        )
    )


def check_column_names(description: Description) -> Iterator[Broken]:
    names = Counter(column.get("name") for column in description.get("columns", ()))
    for name, count in names.items():
        if name and count > 1:
            yield Broken("column.unique", "columns", {"value": name})


WHOLE: Mapping[Class, tuple[Callable[[Description], Iterator[Broken]], ...]] = {
    Class.DATASET: (
        check_access,
        check_personal_data,
        check_licence,
        check_next_update,
        check_region_in_time,
        check_column_names,
    ),
    Class.DISTRIBUTION: (check_licence,),
    Class.DATA_MODEL: (check_column_names,),
    Class.CONTACT: (check_contact,),
}
