"""What pulling stores: sources, their runs and the issues of a run."""

from ingest.models.issue import Issue
from ingest.models.run import Run
from ingest.models.source import Source

__all__ = ["Issue", "Run", "Source"]
