"""What pulling stores: providers and hosts, sources with their secrets, runs with their issues, alerts; and what feeds of
other catalogues have brought."""

from ingest.models.alert import Alert, AlertChannel
from ingest.models.harvested import Harvested
from ingest.models.host import Host
from ingest.models.issue import Issue
from ingest.models.provider import Provider
from ingest.models.run import Run
from ingest.models.secret import Secret
from ingest.models.source import Source

__all__ = ["Alert", "AlertChannel", "Harvested", "Host", "Issue", "Provider", "Run", "Secret", "Source"]
