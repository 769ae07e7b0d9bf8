"""Reading many numbers at once: joined by the database into one text, many times faster to fetch than rows."""

from django.db.models import Aggregate, QuerySet, TextField

from catalog.models.search_entry import SearchEntry


def read_ids(entries: QuerySet[SearchEntry]) -> list[int]:
    """Return the numbers of entries, in their order where they have one and a limit."""
    return split_ids(entries.aggregate(ids=JoinedIds("id"))["ids"])


def split_ids(joined: str | None) -> list[int]:
    return list(map(int, joined.split(","))) if joined else []


class JoinedIds(Aggregate):
    """All values with commas between them."""

    function = "GROUP_CONCAT"
    output_field = TextField()

    def as_postgresql(self, compiler: object, connection: object, **context: object) -> tuple[str, list]:
        return self.as_sql(
            compiler, connection, function="STRING_AGG", template="%(function)s(%(expressions)s::text, ',')", **context
        )
