"""What pulling stores: sources, their runs and the issues of a run; and what feeds of other catalogues have brought."""

from ingest.models.harvested import Harvested
from ingest.models.issue import Issue
from ingest.models.run import Run
from ingest.models.source import Source

__all__ = ["Harvested", "Issue", "Run", "Source"]
