"""What pulling stores: providers and hosts, sources with their secrets, runs with their issues, alerts; what feeds of
other catalogues have brought; integrated platforms with their messages, occurrences and what is sent to them; peer hubs with what they tell."""

from ingest.models.alert import Alert, AlertChannel
from ingest.models.duplicate_pair import DuplicatePair
from ingest.models.erasure import Erasure
from ingest.models.event_rule import EventRule
from ingest.models.feed import Feed
from ingest.models.feed_reading import FeedReading
from ingest.models.harvest_failure import HarvestFailure
from ingest.models.harvested import Harvested
from ingest.models.host import Host
from ingest.models.hub import Hub, HubSync
from ingest.models.hub_entry import HubEntry, HubOffer, HubPart
from ingest.models.hub_identity import HubIdentity, HubKey, OwnHub
from ingest.models.issue import Issue
from ingest.models.occurrence import Occurrence
from ingest.models.platform import Platform
from ingest.models.platform_message import PlatformMessage
from ingest.models.provider import Provider
from ingest.models.record_erasure import RecordErasure
from ingest.models.run import Run
from ingest.models.secret import Secret
from ingest.models.sending import OutgoingMessage, RaisedOccurrence, Receiver, SendingRule
from ingest.models.source import Source

__all__ = [
    "Alert",
    "AlertChannel",
    "DuplicatePair",
    "Erasure",
    "EventRule",
    "Feed",
    "FeedReading",
    "HarvestFailure",
    "Harvested",
    "Host",
    "Hub",
    "HubEntry",
    "HubIdentity",
    "HubKey",
    "HubOffer",
    "HubPart",
    "HubSync",
    "Issue",
    "Occurrence",
    "OutgoingMessage",
    "OwnHub",
    "Platform",
    "PlatformMessage",
    "Provider",
    "RaisedOccurrence",
    "Receiver",
    "RecordErasure",
    "Run",
    "Secret",
    "SendingRule",
    "Source",
]
