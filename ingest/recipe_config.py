"""What a recipe is told: its SELECT, what is hidden of small groups, and why data may become more open than its inputs.

The form only. Whether a recipe may be is checked in ``recipe_rules.py``, and it is run in ``recipes.py``.
"""

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from catalog.records.sql import Suppression


class SuppressionConfig(BaseModel):
    """What becomes of groups that are too small to be told."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    count: str = Field(description="The column of the answer that tells the size of a group.")
    minimum: int = Field(default=5, ge=2, le=1_000_000, description="Smaller groups are hidden.")
    columns: list[str] = Field(default_factory=list, description="Emptied beside the count; none: the row is left out.")
    within: list[str] | list[list[str]] = Field(
        default_factory=list,
        description="Columns by which totals are published elsewhere, or several lists of them; [] in the list: that of all.",
    )

    @property
    def value(self) -> Suppression:
        return Suppression(self.count, self.minimum, tuple(self.columns), self.groupings)

    @property
    def groupings(self) -> tuple[tuple[str, ...], ...]:
        """Return the sets of columns by which totals are known; one list of columns is one set."""
        lists = [names for names in self.within if isinstance(names, list)]
        alone = tuple(name for name in self.within if isinstance(name, str))
        return tuple(tuple(names) for names in lists) or ((alone,) if alone else ())


class Recipe(BaseModel):
    """A dataset made from others."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    select: str = Field(
        description="One SELECT over datasets, in the SQL of /api/v1/query; its columns are the dataset's."
    )
    suppress: SuppressionConfig | None = Field(
        default=None,
        description="Hides small groups: count (the column with their size), minimum, columns to empty (none: rows are "
        "left out), within (columns by which totals are known, or several lists of them: more rows are hidden, so that the "
        "totals do not tell the small ones).",
    )
    declassify: str = Field(
        default="",
        max_length=1000,
        description="Why the answer may be more open than its inputs; only with suppress, k_anonymity or small_cells.",
    )

    @model_validator(mode="after")
    def says_why(self) -> "Recipe":
        if self.declassify != self.declassify.strip() or (self.declassify and len(self.declassify) < SHORTEST_REASON):
            raise PydanticCustomError("reason_form", "declassify must be a reason in words")
        return self


SHORTEST_REASON = 10
