"""How a snapshot came about, as a PROV document: what it was derived from, by which activity, when, by whom.

What a recipe read is kept with the run that published the snapshot. A viewer who may not know of an input is told neither
its name nor the SELECT that holds it, only that there is one.
"""

import datetime as dt
import hashlib
from collections.abc import Mapping
from typing import Any

from django.utils.timezone import localtime

from catalog.access import Viewer, visible_datasets
from catalog.models import Catalogue, Dataset, Snapshot
from catalog.standard.profile import PREFIXES
from ingest.models import Run

Document = dict[str, Any]
# What is told of a recipe, by its name in what is kept of a run; texts may name inputs that not everybody may know of.
TOLD = {"suppression": "suppress", "suppressedRows": "suppressed"}
DISCLOSED = {"statement": "select", "declassified": "declassify", **TOLD}
CONTEXT = {
    **{prefix: PREFIXES[prefix] for prefix in ("prov", "dct", "hub", "xsd")},
    **{
        name: {"@id": f"prov:{name}", "@type": "@id"}
        for name in ("wasDerivedFrom", "wasGeneratedBy", "used", "wasAssociatedWith", "wasAttributedTo", "specializationOf")
    },
    **{
        name: {"@id": f"prov:{name}", "@type": "xsd:dateTime"}
        for name in ("startedAtTime", "endedAtTime", "generatedAtTime")
    },
    **{name: f"prov:{name}" for name in ("Entity", "Activity", "Organization", "SoftwareAgent")},
    **{name: f"hub:{name}" for name in ("dataset", "snapshot", "statement", "statementDigest", "clock", "suppression",
                                        "suppressedRows", "declassified", "undisclosed", "records")},
    "licence": "dct:license",
    "title": "dct:title",
}  # fmt: skip


def lineage_document(dataset: Dataset, snapshot: Snapshot, viewer: Viewer, base: str) -> Document:
    """Return what is known of how a snapshot came about; ``base`` is the hub's own address."""
    run = publishing_run(snapshot)
    lineage = run.position.get("lineage", {}) if run else {}
    inputs = lineage.get("inputs", [])
    known = set(
        visible_datasets(viewer).filter(slug__in=[each["dataset"] for each in inputs]).values_list("slug", flat=True)
    )
    told = [entity_of(each, base) for each in inputs if each["dataset"] in known]
    document = {
        "@context": CONTEXT,
        **entity(dataset.slug, snapshot.digest, base),
        "wasAttributedTo": f"{base}/organisation/{dataset.organisation.slug}",
        "generatedAtTime": moment(snapshot.published_at),
        "records": None if dataset.is_guarded else snapshot.records,
    }
    if lineage:
        document["wasDerivedFrom"] = told
        document["undisclosed"] = len(inputs) - len(told)
    if run:
        discloses = len(told) == len(inputs)
        document["wasGeneratedBy"] = {
            "@id": f"{document['@id']}/lineage#run-{run.pk}",
            **activity_of(run, lineage, told, base, discloses=discloses),
        }
    return document


def publishing_run(snapshot: Snapshot) -> Run | None:
    """Return the run that published a snapshot; of several that did, the one of that moment."""
    runs = Run.objects.filter(
        source__distribution_id=snapshot.distribution_id, snapshot_digest=snapshot.digest, state=Run.State.PUBLISHED
    )
    return runs.filter(ended_at__gte=snapshot.published_at).order_by("ended_at").first()


def activity_of(run: Run, lineage: Mapping[str, Any], told: list[Document], base: str, *, discloses: bool) -> Document:
    activity: Document = {
        "@type": "Activity",
        "startedAtTime": moment(run.started_at),
        "endedAtTime": moment(run.ended_at),
        "wasAssociatedWith": agent(base),
    }
    if not lineage:
        return activity
    statement = lineage["select"]
    activity |= {
        "used": [entity["@id"] for entity in told],
        "statementDigest": hashlib.sha256(statement.encode()).hexdigest(),
        "clock": lineage["moment"],
    }
    told_of_recipe = DISCLOSED if discloses else TOLD
    return activity | {name: lineage[key] for name, key in told_of_recipe.items() if lineage.get(key) not in (None, "")}


def agent(base: str) -> Document:
    """Return the hub: its software, by the name of its catalogue where it has one."""
    catalogue = Catalogue.objects.first()
    named = {"title": {"ko": catalogue.title_ko, "en": catalogue.title_en}} if catalogue else {}
    return {"@id": f"{base}/catalog", "@type": "SoftwareAgent", **named}


def entity_of(told: Mapping[str, Any], base: str) -> Document:
    return {
        **entity(told["dataset"], told["snapshot"], base),
        "wasAttributedTo": f"{base}/organisation/{told['organisation']}",
        "generatedAtTime": told["published_at"],
        **({"licence": told["licence"]} if told["licence"] else {}),
    }


def entity(slug: str, digest: str, base: str) -> Document:
    return {
        "@id": f"{base}/api/v1/datasets/{slug}/snapshots/{digest}",
        "@type": "Entity",
        "dataset": slug,
        "snapshot": digest,
        "specializationOf": f"{base}/dataset/{slug}",
    }


def moment(at: dt.datetime) -> str:
    return localtime(at).isoformat()
