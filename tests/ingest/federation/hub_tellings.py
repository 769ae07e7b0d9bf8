"""What a hub of ``forked_hubs.py`` tells a test: all that it holds, what moves when something is written, whom it believes."""

from typing import Any

from django.conf import settings
from django.test import Client

from catalog.models import Change, Dataset, FeedHead
from ingest.federation.identity import own_hub
from ingest.federation.own_entries import description_document
from ingest.models import Hub, HubEntry, HubOffer


def tell_catalogue() -> dict[str, dict[str, Any]]:
    """Return every dataset by its identifier, with what a peer has to have as well."""
    told = {}
    for dataset in Dataset.objects.select_related("organisation", "distribution__current_snapshot"):
        document = description_document(dataset)
        links = document["description"].pop("distributions", [])
        snapshot = dataset.current_snapshot
        told[str(dataset.pk)] = {
            "slug": dataset.slug,
            "home": dataset.home,
            "level": dataset.access_level,
            "is_withdrawn": dataset.withdrawn_at is not None,
            "document": document,
            "links": [{name: link[name] for name in ("access_url", "format")} for link in links],
            "digest": snapshot.digest if snapshot else "",
            "records": snapshot.records if snapshot else 0,
        }
    return told


def tell_records(slug: str) -> Any:
    """Read records at the open door."""
    answer = Client(headers={"host": "localhost"}).get(
        f"/api/v1/datasets/{slug}/records", {"limit": 1000, "order_by": "id,pm10,note"}
    )
    return answer.json()["records"] if answer.status_code == 200 else answer.json()


def tell_marks() -> dict[str, Any]:
    """Return all that moves when something is written."""
    head = FeedHead.objects.first()
    own = own_hub()
    return {
        "feed": head.sequence if head else 0,
        "changes": Change.objects.count(),
        "position": own.position,
        "entries": HubEntry.objects.count(),
        "offers": HubOffer.objects.count(),
        "datasets": Dataset.objects.count(),
    }


def tell_offers() -> dict[str, list[Any]]:
    """Return what each peer has offered, and which offers speak of nothing that is here."""
    known = set(HubEntry.objects.values_list("pk", flat=True))
    offers = list(HubOffer.objects.order_by("hub__slug", "entry").values_list("hub__slug", "entry", "via"))
    return {
        "offers": [(hub, str(entry), via) for hub, entry, via in offers],
        "orphans": [(hub, str(entry)) for hub, entry, _ in offers if entry not in known],
    }


def tell_entries() -> dict[str, dict[str, Any]]:
    names = ("origin", "epoch", "version", "gone", "via", "key", "leaf", "access_level")
    return {
        str(row["pk"]): {name: str(row[name]) if name == "origin" else row[name] for name in names}
        for row in HubEntry.objects.values("pk", *names)
    }


def keys_of_peer(name: str) -> list[dict[str, Any]]:
    return Hub.objects.get(slug=name).identity.keys


def tell_document(entry_id: str) -> str:
    """Return the description of a dataset word for word as it is told on."""
    return HubEntry.objects.get(pk=entry_id).description


def count_spool() -> int:
    return sum(1 for path in settings.SPOOL_DIR.rglob("*") if path.is_file()) if settings.SPOOL_DIR.is_dir() else 0
