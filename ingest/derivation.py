"""What a recipe adds to the description of the dataset that it makes: that it is made from others, which, and whom to name.

Only what follows from the inputs is written, and what a steward wrote beside it stays.
"""

from collections.abc import Mapping
from typing import Any

from django.conf import settings

from catalog.intake import stored_description
from catalog.models import Dataset, Distribution
from catalog.publish import describe_dataset
from catalog.standard.licence_terms import terms_of
from ingest.kinds import RECIPE
from ingest.models import Source
from ingest.recipe_rules import SECRET, inputs_named

Description = Mapping[str, Any]
LISTS = ("sources", "attributions")
ROLE = "originator"


def derived_fields(slug: str) -> dict[str, Any]:
    """Return the fields that the recipes of a dataset give it; none when no recipe makes it."""
    recipes = Source.objects.filter(connector=RECIPE, distribution__dataset__slug=slug)
    names = {name for config in recipes.values_list("config", flat=True) for name in inputs_named(config)}
    if not names:
        return {}
    dataset = Dataset.objects.select_related("organisation").get(slug=slug)
    inputs = Dataset.objects.current().filter(slug__in=names).select_related("organisation").order_by("slug")
    told = [each for each in inputs if each.access_level != SECRET or dataset.access_level == SECRET]
    named = {
        each.organisation.slug: {"name": each.organisation.name.as_dict(), "role": ROLE}
        for each in inputs
        if terms_of(each.licence).attribution and each.organisation_id != dataset.organisation_id
    }
    return {
        "processing": "processed",
        # Without an address of its own the hub has no name for a dataset that others could follow.
        "sources": [f"{settings.BASE_URL}/dataset/{each.slug}" for each in told] if settings.BASE_URL else [],
        "attributions": list(named.values()),
    }


def with_derivation(description: Description, fields: Description, before: Description) -> dict[str, Any]:
    """Return a description with the fields of its recipes; ``before``: what they were when it was written."""
    result = dict(description)
    if fields and not result.get("processing"):
        result["processing"] = fields["processing"]
    for name in LISTS:
        kept = [value for value in result.get(name, []) if value not in before.get(name, [])]
        result[name] = [*kept, *(value for value in fields.get(name, []) if value not in kept)]
    return {name: value for name, value in result.items() if name not in LISTS or value}


def describe_derived(distribution: Distribution, before: Description | None = None) -> None:
    """Bring the description of a dataset to what its recipes are made from now."""
    dataset = Dataset.objects.select_related("organisation").get(pk=distribution.dataset_id)
    fields = derived_fields(dataset.slug)
    stored = stored_description(dataset)
    described = with_derivation(stored, fields, before or {})
    if described != stored:
        describe_dataset(dataset.slug, described, harvested=True)  # what else it lacks is not this writer's business
