"""Words as a condition on a queryset, for doors that put conditions of their own together (CKAN's query language)."""

from django.db.models import Case, IntegerField, Q, Value, When
from django.db.models.expressions import RawSQL

from catalog.models.dataset import DatasetQuerySet
from catalog.search.expression import Expression
from catalog.search.question import Question
from catalog.search.vendors import Where, vendor


def match_text(datasets: DatasetQuerySet, text: str) -> DatasetQuerySet:
    """Return the datasets that hold every word, with ``rank`` (2: in the title, 1: elsewhere); nothing is guessed."""
    expression = Question(text).expression
    if expression is None:
        return match_all(datasets.none())
    in_title = When(holding(Where.TITLE, expression), then=Value(2))
    return datasets.filter(holding(Where.ANYWHERE, expression)).annotate(
        rank=Case(in_title, default=Value(1), output_field=IntegerField())
    )


def match_all(datasets: DatasetQuerySet) -> DatasetQuerySet:
    """Return the datasets unfiltered, with the same ``rank`` for all."""
    return datasets.annotate(rank=Value(1, output_field=IntegerField()))


def holding(where: Where, expression: Expression) -> Q:
    statement, words = vendor().select(where, expression)
    return Q(search_entry__in=RawSQL(statement, [words]))
