"""What a source of the kind ``platform`` is told; ``ingest/platform/publishing.py`` carries it out."""

from pydantic import BaseModel, ConfigDict, Field


class PlatformEvents(BaseModel):
    """The occurrences that platforms told of; which of them go into a dataset is said by the rules."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    platform: str = Field(default="", description="Only those of one platform; empty: of all.")
