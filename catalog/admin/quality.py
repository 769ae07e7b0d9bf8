"""What a dataset's points were lost on, beside the form that earns them: each loss leads to the field to fill."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString

from catalog.describe import stored
from catalog.models import Dataset
from catalog.models.labels import in_current_language
from catalog.quality import assess, hub_base
from catalog.standard import FIELD, Kind
from catalog.standard.place_names import name_place
from catalog.standard.quality import Score, score

ASIDE: Mapping[str, str] = {"distributions": "distributions-group"}  # what is written in rows below the form


@dataclass(frozen=True)
class Loss:
    points: int
    label: str
    place: str
    anchor: str
    text: str
    mend: str


def quality_panel(dataset: Dataset, description: Mapping[str, Any] | None = None) -> SafeString:
    """Return the list of lost points; ``description`` is what the form says now, where that is not stored yet."""
    found = assess(dataset, hub_base())
    quality = (
        found.quality if description is None else score({**found.entry.description, **description}, found.evidence)
    )
    measured = [one for one in quality.measures if one.share is not None]
    return render_to_string(
        "admin/catalog/dataset/quality.html",
        {
            "points": quality.points,
            "maximum": quality.maximum,
            "band": in_current_language(quality.band.label),
            "losses": [loss(one) for one in quality.lost],
            "measures": [
                (in_current_language(one.measure.label), f"{int((one.share or 0) * 1000) / 10:g}%") for one in measured
            ],
            "hints": [
                (in_current_language(name_place(hint.field)), anchor_of(hint.field), in_current_language(hint.text))
                for hint in found.conformance.hints
                if hint.rule != "recommended"
            ],
            "page": reverse("portal:quality", args=[dataset.slug]),
        },
    )


def loss(one: Score) -> Loss:
    return Loss(
        points=one.lost,
        label=in_current_language(one.metric.label),
        place=in_current_language(name_place(one.field)),
        anchor=anchor_of(one.field),
        text=in_current_language(one.text),
        mend=in_current_language(one.mend),
    )


def anchor_of(place: str) -> str:
    """Return the element of the form that a field is written in."""
    name = place.partition(".")[0]
    if name in ASIDE:
        return ASIDE[name]
    field = FIELD[name]
    columns = list(stored(field).write(None, field)) if field.kind is not Kind.ORGANISATION else []
    return f"id_{columns[0] if columns else name}"
