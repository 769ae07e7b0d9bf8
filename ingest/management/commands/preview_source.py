"""``manage.py preview_source``: shows what a source would bring, and the hub file for it, before anything is saved."""

import json
import tomllib
from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import get_language

from catalog.errors import HubError
from catalog.models.slug import SLUG_RULE, is_slug
from ingest.apply import with_local_paths
from ingest.hub_snippet import write_snippet
from ingest.models import Source
from ingest.preview import SECONDS, Preview, preview_source
from ingest.preview_text import as_document, as_text

NO_SOURCE = "'{slug}' 소스가 없습니다. 새 소스라면 --connector와 --config를 주십시오. / There is no such source; for a new one give --connector and --config."


class Command(BaseCommand):
    help = "Show what a source would bring and the hub file for it; nothing is saved."
    requires_system_checks = ()  # they would load every door, which takes longer than most of what is done here

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "slug", nargs="?", default="", help="a source that is there; else the identifier of the new one"
        )
        parser.add_argument("--connector", help="the connector of a new source")
        parser.add_argument(
            "--config", help="its configuration: TOML or JSON, as 'path = \"lots.csv\"', or a file of it"
        )
        parser.add_argument("--organisation", default="", help="the organisation of the dataset in the hub file")
        parser.add_argument("--allow-private", action="store_true", help="the platform has a private address")
        parser.add_argument("--rows", type=int, help="read so many rows at most")
        parser.add_argument("--seconds", type=float, default=SECONDS, help="take so long at most")
        parser.add_argument("--format", choices=["text", "toml", "json"], default="text", help="of what is printed")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        try:
            self.stdout.write(self.look(options), ending="")
        except HubError as error:
            raise CommandError(f"{error.text.ko}\n{error.text.en}") from error

    def look(self, options: Mapping[str, Any]) -> str:
        language = get_language() or "en"
        slug, organisation = options["slug"], options["organisation"]
        limits = {"rows": options["rows"], "seconds": options["seconds"]}
        if options["connector"]:
            slug = slug or "new-source"
            if not is_slug(slug):
                raise CommandError(f"{SLUG_RULE.ko}\n{SLUG_RULE.en}")
            config = with_local_paths(read_given(options["config"] or ""), Path.cwd())
            allow_private = options["allow_private"]
            preview = preview_source(options["connector"], config, allow_private=allow_private, **limits)
        else:
            source = Source.objects.select_related("distribution__dataset__organisation").filter(slug=slug).first()
            if source is None:
                raise CommandError(NO_SOURCE.format(slug=slug))
            organisation = organisation or source.distribution.dataset.organisation.slug
            allow_private = source.allow_private
            preview = preview_source(
                source.connector,
                source.config,
                allow_private=allow_private,
                ca_certificates=source.ca_certificates,
                **limits,
            )
        snippet = write_snippet(
            preview, slug, organisation=organisation, language=language, allow_private=allow_private
        )
        return printed(preview, snippet, options["format"], language)


def printed(preview: Preview, snippet: str, form: str, language: str) -> str:
    if form == "toml":
        return snippet
    if form == "json":
        return json.dumps(as_document(preview, snippet), ensure_ascii=False, indent=2, default=str) + "\n"
    return as_text(preview, snippet, language)


def read_given(text: str) -> dict[str, Any]:
    """Read a configuration from what was typed or from the file that was named."""
    given, is_json = text.strip(), text.strip().startswith("{")
    if not is_json and given.endswith((".toml", ".json")) and "\n" not in given and "=" not in given:
        path = Path(given)
        try:
            given, is_json = path.read_text(encoding="utf-8-sig"), path.suffix == ".json"
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{path}: 읽을 수 없습니다. / It cannot be read. ({error})") from error
    try:
        document = json.loads(given) if is_json else tomllib.loads(given)
    except ValueError as error:
        raise CommandError(
            f"--config를 TOML이나 JSON으로 읽을 수 없습니다. / --config is neither TOML nor JSON. ({error})"
        ) from error
    if not isinstance(document, dict):
        raise CommandError("--config는 이름과 값의 표여야 합니다. / --config must be a table of names and values.")
    return document
