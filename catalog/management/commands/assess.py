"""``manage.py assess``: scores datasets anew, stores the scores and prints them, as lines or JSON."""

from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandError

from catalog.models import Dataset
from catalog.quality import Assessment, hub_base, save_assessments


class Command(BaseCommand):
    help = "Score the metadata of datasets (405 points), store the scores and show what points were lost on."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slugs", nargs="*", metavar="slug", help="datasets; all of them when none is named")
        parser.add_argument("--json", action="store_true", help="print one JSON object a line")
        parser.add_argument("--base", default="", help="the hub's own address, as https://data.city.example")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        slugs = options["slugs"]
        datasets = Dataset.objects.current()
        unknown = set(slugs) - set(datasets.filter(slug__in=slugs).values_list("slug", flat=True)) if slugs else set()
        if unknown:
            raise CommandError(f"no such dataset: {', '.join(sorted(unknown))}")
        chosen = datasets.filter(slug__in=slugs) if slugs else datasets
        base = options["base"].rstrip("/") or hub_base()
        for assessment in save_assessments(chosen.order_by("slug"), base):
            for line in as_json(assessment) if options["json"] else as_lines(assessment):
                self.stdout.write(line)


def as_lines(assessment: Assessment) -> Iterator[str]:
    quality = assessment.quality
    yield f"{quality.points:4}/{quality.maximum}  {quality.band.label.en:10}  {assessment.dataset.slug}"
    for score in quality.lost:
        yield f"          -{score.lost:<3} {score.metric.label.en} ({score.field}): {score.mend.en}"
    for problem in assessment.conformance.problems:
        yield f"          {problem.level} {problem.rule} ({problem.field}): {problem.text.en}"


def as_json(assessment: Assessment) -> Iterator[str]:
    quality = assessment.quality
    yield orjson.dumps(
        {
            "dataset": assessment.dataset.slug,
            "points": quality.points,
            "maximum": quality.maximum,
            "band": quality.band.code,
            "lost": {score.metric.identifier: score.lost for score in quality.lost},
            "measures": {one.measure.identifier: one.share for one in quality.measures},
            "conforms": assessment.conformance.passes,
            "problems": [[problem.rule, problem.field] for problem in assessment.conformance.problems],
        }
    ).decode()
