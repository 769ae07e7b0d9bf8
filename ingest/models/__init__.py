"""What pulling stores: providers and hosts, sources with their secrets, runs with their issues, alerts; what feeds of
other catalogues have brought; integrated platforms with their messages, occurrences and what is sent to them."""

from ingest.models.alert import Alert, AlertChannel
from ingest.models.erasure import Erasure
from ingest.models.event_rule import EventRule
from ingest.models.harvested import Harvested
from ingest.models.host import Host
from ingest.models.issue import Issue
from ingest.models.occurrence import Occurrence
from ingest.models.platform import Platform
from ingest.models.platform_message import PlatformMessage
from ingest.models.provider import Provider
from ingest.models.run import Run
from ingest.models.secret import Secret
from ingest.models.sending import OutgoingMessage, RaisedOccurrence, Receiver, SendingRule
from ingest.models.source import Source

__all__ = [
    "Alert",
    "AlertChannel",
    "Erasure",
    "EventRule",
    "Harvested",
    "Host",
    "Issue",
    "Occurrence",
    "OutgoingMessage",
    "Platform",
    "PlatformMessage",
    "Provider",
    "RaisedOccurrence",
    "Receiver",
    "Run",
    "Secret",
    "SendingRule",
    "Source",
]
