"""A field of a Lucene query as a condition on datasets: one row a field, values only ever as parameters of the database.

A field that nobody knows matches nothing, as does a value that the field cannot have. How conditions are joined, and what is
looked up without the database, is in ``found.py``.
"""

import datetime as dt
import uuid
from collections.abc import Callable, Mapping

import orjson
from django.db.models import Case, Count, Func, IntegerField, OuterRef, Q, Subquery, TextField, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Coalesce
from django.db.models.lookups import IContains

from catalog.exchange.ckan import derive_id, from_name, is_uuid
from catalog.exchange.ckan.names import moment_of
from catalog.exchange.lucene import Match, Range
from catalog.models import Dataset, Distribution, Organisation
from catalog.share import SERVED
from catalog.standard import FIELDS, Kind

NOTHING = Q(pk__in=[])
ALL = Q()
EXTRAS = "extras_"
LARGEST = 2**63 - 1
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def condition_of_field(clause: Match | Range) -> Q:
    name = clause.field
    if isinstance(clause, Match) and clause.is_prefix and not clause.value and name in ("", "text", *FIELD_ROWS):
        return PRESENT.get(name, ALL)
    if name in FIELD_ROWS:
        return FIELD_ROWS[name](clause)
    if name.startswith(EXTRAS):
        return condition_of_extra(name.removeprefix(EXTRAS), clause)
    return NOTHING


def exactly(column: str) -> Callable[[Match | Range], Q]:
    """Return the condition "is this code", or begins with it; codes are compared without upper and lower case."""

    def condition(clause: Match | Range) -> Q:
        if isinstance(clause, Range):
            return between(column, clause, str)
        return Q(**{f"{column}__istartswith" if clause.is_prefix else f"{column}__iexact": clause.value})

    return condition


def holding(*columns: str) -> Callable[[Match | Range], Q]:
    """Return the condition "one of the columns holds this text"."""

    def condition(clause: Match | Range) -> Q:
        if isinstance(clause, Range):
            return NOTHING
        found = NOTHING
        for column in columns:
            found |= Q(**{f"{column}__icontains": clause.value})
        return found

    return condition


def always(value: str) -> Callable[[Match | Range], Q]:
    """Return the condition of a field that has the same value for every dataset."""

    def condition(clause: Match | Range) -> Q:
        if isinstance(clause, Range):
            return NOTHING
        same = value.startswith(clause.value) if clause.is_prefix else value == clause.value.lower()
        return ALL if same else NOTHING

    return condition


def by_name(clause: Match | Range) -> Q:
    if isinstance(clause, Range):
        return between("slug", clause, str)
    return Q(slug__startswith=clause.value) if clause.is_prefix else Q(slug=from_name(clause.value))


def by_id(clause: Match | Range) -> Q:
    if isinstance(clause, Range):
        bounds = [bound for bound in (clause.low, clause.high) if bound is not None]
        return between("pk", clause, uuid.UUID) if all(map(is_uuid, bounds)) else NOTHING
    return Q(pk=clause.value) if is_uuid(clause.value) and not clause.is_prefix else NOTHING


def by_owner(clause: Match | Range) -> Q:
    """Return the condition of an organization's identifier, which is derived from its slug."""
    if isinstance(clause, Range) or clause.is_prefix:
        return NOTHING
    slugs = Organisation.objects.values_list("slug", flat=True)
    return Q(organisation__slug__in=[slug for slug in slugs if derive_id("organisation", slug) == clause.value.lower()])


def in_document(column: str, value: str) -> Q:
    """Return the condition that a JSON document holds a text anywhere, spelled either way that databases keep it."""
    condition = NOTHING
    for spelling in {value, ascii_json(value)[1:-1]}:
        condition |= Q(IContains(Cast(column, TextField()), spelling))
    return condition


def ascii_json(value: str) -> str:
    """Return a text as JSON of ASCII characters alone, as Django keeps JSON in SQLite."""
    units = value.encode("utf-16-be")
    pairs = (int.from_bytes(units[at : at + 2], "big") for at in range(0, len(units), 2))
    plain = orjson.dumps(value).decode() if value.isascii() else ""
    return plain or '"' + "".join(ascii_unit(unit) for unit in pairs) + '"'


def ascii_unit(unit: int) -> str:
    character = chr(unit)
    return orjson.dumps(character).decode()[1:-1] if unit < 128 else f"\\u{unit:04x}"


def served_condition(format_name: str) -> Q:
    """Return the condition that the hub serves records in a format."""
    served = Q(distribution__current_snapshot__isnull=False, is_guarded=False)
    if format_name == "geojson":
        return served & Q(distribution__current_snapshot__schema__has_key="geometry")
    return served


def by_creator(clause: Match | Range) -> Q:
    return in_document("creators", clause.value) if isinstance(clause, Match) else NOTHING


def by_moment(column: str, read: Callable[[str], object]) -> Callable[[Match | Range], Q]:
    """Return the condition of a moment: a range, or the moment itself; ``read`` is how the column holds it."""

    def condition(clause: Match | Range) -> Q:
        bounds = [clause.value] if isinstance(clause, Match) else [clause.low, clause.high]
        if any(bound is not None and moment_of(bound) is None for bound in bounds):
            return NOTHING
        return Q(**{column: read(clause.value)}) if isinstance(clause, Match) else between(column, clause, read)

    return condition


def read_moment(text: str) -> dt.datetime:
    moment = moment_of(text)
    if moment is None:
        raise ValueError(text)
    return moment


def read_microseconds(text: str) -> int:
    """Return a moment as the search index holds it."""
    return (read_moment(text) - EPOCH) // dt.timedelta(microseconds=1)


updated_between = by_moment("updated", read_microseconds)  # of entries of the search index, which has an index on it


def by_number(expression: Combinable) -> Callable[[Match | Range], Q]:
    """Return the condition of a number that is counted."""

    def condition(clause: Match | Range) -> Q:
        bounds = [clause.value] if isinstance(clause, Match) else [clause.low, clause.high]
        if any(bound is not None and not is_whole(bound) for bound in bounds):
            return NOTHING
        counted = Dataset.objects.annotate(counted=expression)
        chosen = Q(counted=int(clause.value)) if isinstance(clause, Match) else between("counted", clause, int)
        return Q(pk__in=counted.filter(chosen).values("pk"))

    return condition


def is_whole(text: str) -> bool:
    return text.isascii() and text.isdigit() and int(text) <= LARGEST if len(text) < 20 else False


def between(column: str, clause: Range, read: Callable[[str], object]) -> Q:
    condition = Q(**{f"{column}__isnull": False})
    if clause.low is not None:
        condition &= Q(**{f"{column}__{'gte' if clause.with_low else 'gt'}": read(clause.low)})
    if clause.high is not None:
        condition &= Q(**{f"{column}__{'lte' if clause.with_high else 'lt'}": read(clause.high)})
    return condition


class JsonLength(Func):
    """The number of entries of a JSON list."""

    function = "JSON_ARRAY_LENGTH"
    output_field = IntegerField()

    def as_postgresql(self, compiler: object, connection: object, **context: object) -> tuple[str, tuple[object, ...]]:
        return self.as_sql(compiler, connection, function="jsonb_array_length", **context)


# Keywords that fold into the same tag are counted each.
TAGS = JsonLength("keywords_ko") + JsonLength("keywords_en")
LINKS = Coalesce(
    Subquery(
        Distribution.objects.filter(dataset=OuterRef("pk"), schema__isnull=True)
        .order_by()
        .values("dataset")
        .annotate(number=Count("pk"))
        .values("number")
    ),
    0,
)
RESOURCES = LINKS + Case(
    When(served_condition("geojson"), then=Value(len(SERVED))),
    When(served_condition("csv"), then=Value(len(SERVED) - 1)),
    default=Value(0),
    output_field=IntegerField(),
)


def by_maintainer(clause: Match | Range) -> Q:
    """Return the condition of the office; a dataset without one of its own speaks through its organisation's."""
    own = holding("contact_name_ko", "contact_name_en")(clause)
    others = holding("organisation__contact_name_ko", "organisation__contact_name_en")(clause)
    return own | (Q(contact_name_ko="", contact_name_en="") & others)


FIELD_ROWS: Mapping[str, Callable[[Match | Range], Q]] = {
    "id": by_id,
    "name": by_name,
    "title": holding("title_ko", "title_en"),
    "notes": holding("description_ko", "description_en"),
    "type": always("dataset"),
    "dataset_type": always("dataset"),
    "state": always("active"),
    "private": always("false"),
    "capacity": always("public"),
    "owner_org": by_owner,
    "organization": exactly("organisation__slug"),
    "groups": exactly("theme"),
    "license_id": exactly("licence"),
    "metadata_created": by_moment("created_at", read_moment),
    "num_tags": by_number(TAGS),
    "num_resources": by_number(RESOURCES),
    "author": by_creator,
    "maintainer": by_maintainer,
    "version": exactly("version"),
    "url": holding("landing_page"),
}
# what ``field:*`` means where the field may be empty
PRESENT: Mapping[str, Q] = {
    "notes": ~Q(description_ko="", description_en=""),
    "author": ~Q(creators=[]),
    "version": ~Q(version=""),
    "url": ~Q(landing_page=""),
}


def condition_of_extra(name: str, clause: Match | Range) -> Q:
    """Return the condition of an extra: every field of the profile that a dataset stores in one column, or in two."""
    row = EXTRA_ROWS.get(name)
    if row is None:
        return NOTHING
    if isinstance(clause, Match) and clause.is_prefix and not clause.value:
        return Q(**{f"{name}__isnull": False}) if name in NULLABLE else ~Q(**{name: ""}) if name in PLAIN else ALL
    return row(clause)


def listed_in(column: str) -> Callable[[Match | Range], Q]:
    def condition(clause: Match | Range) -> Q:
        return in_document(column, clause.value) if isinstance(clause, Match) else NOTHING

    return condition


def number_in(column: str, read: Callable[[str], float]) -> Callable[[Match | Range], Q]:
    def condition(clause: Match | Range) -> Q:
        try:
            if isinstance(clause, Match):
                return Q(**{column: read(clause.value)})
            return between(column, clause, read)
        except (ValueError, OverflowError):
            return NOTHING

    return condition


def flag_in(column: str) -> Callable[[Match | Range], Q]:
    def condition(clause: Match | Range) -> Q:
        value = {"true": True, "false": False}.get(clause.value.lower()) if isinstance(clause, Match) else None
        return NOTHING if value is None else Q(**{column: value})

    return condition


def read_whole(text: str) -> int:
    if not is_whole(text):
        raise ValueError(text)
    return int(text)


def read_day(text: str) -> dt.date:
    return read_moment(text).date()


PLAIN_KINDS = (Kind.STRING, Kind.CODE, Kind.REGION, Kind.DURATION, Kind.MOMENT, Kind.ADDRESS)
PLAIN = frozenset(field.name for field in FIELDS if field.kind in PLAIN_KINDS and not field.many)
NULLABLE = frozenset(
    field.name for field in FIELDS if field.kind in (Kind.INTEGER, Kind.DECIMAL, Kind.BOOLEAN, Kind.DAY)
)


def extra_rows() -> dict[str, Callable[[Match | Range], Q]]:
    rows: dict[str, Callable[[Match | Range], Q]] = {}
    for field in FIELDS:
        name = field.name
        if field.kind is Kind.TEXT:
            rows |= {f"{name}_{language}": holding(f"{name}_{language}") for language in ("ko", "en")}
        elif field.kind is Kind.PERIOD:
            rows |= {f"{name}_{side}": number_in(f"{name}_{side}", read_day) for side in ("start", "end")}
        elif field.many and field.kind is not Kind.PART:
            rows[name] = listed_in(name)
        elif name in PLAIN:
            rows[name] = exactly(name)
        elif field.kind in READERS:
            rows[name] = number_in(name, READERS[field.kind])
        elif field.kind is Kind.BOOLEAN:
            rows[name] = flag_in(name)
    return rows


READERS: Mapping[Kind, Callable[[str], object]] = {Kind.INTEGER: read_whole, Kind.DECIMAL: float, Kind.DAY: read_day}
EXTRA_ROWS = extra_rows()
