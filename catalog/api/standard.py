"""The standard for programs: its documents, vocabularies and data models at their permanent addresses.

``/standard/1.0/`` and what is below it are had in several forms: the one of the extension, else the one that ``Accept`` likes
best. Where there is a page as well, ``datahub/standard_urls.py`` asks before.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from rest_framework.request import Request

from catalog.api.accept import prefer
from catalog.api.addresses import absolute, public_base
from catalog.api.dcat import readable_everywhere
from catalog.api.view import ApiView
from catalog.errors import NoFormAccepted
from catalog.exchange.keti_models import registered_model
from catalog.standard.data_models import data_model, data_models
from catalog.standard.profile import VERSION
from catalog.standard.profile_document import model_entry, vocabulary_entry
from catalog.standard.publication import DOCUMENTS, PATH, as_json, make_document
from catalog.standard.vocabularies import Concept, vocabulary, vocabulary_names
from catalog.standard.vocabulary_documents import (
    concept_document,
    concept_turtle,
    vocabulary_csv,
    vocabulary_document,
    vocabulary_turtle,
)

JSON, TURTLE, CSV = "application/json", "text/turtle", "text/csv"


@dataclass(frozen=True)
class Form:
    """A form of something: its extension, its media type, and how it is made from the names in the address.

    One that is not negotiated is had by its extension only.
    """

    extension: str
    media_type: str
    make: Callable[..., bytes]
    is_negotiated: bool = True

    @property
    def content_type(self) -> str:
        return f"{self.media_type}; charset=utf-8" if self.media_type.startswith("text/") else self.media_type


class FormView(ApiView):
    """A view of something that is had in several forms; ``forms`` in the order in which they are preferred."""

    schema = None
    forms: ClassVar[tuple[Form, ...]] = ()

    @classmethod
    def offered(cls) -> list[str]:
        return [form.media_type for form in cls.forms if form.is_negotiated]

    def get(self, request: Request, extension: str = "", **names: str) -> HttpResponse:
        form = self.form(request, extension)
        response = HttpResponse(form.make(public_base(request), **names), content_type=form.content_type)
        response["Link"] = ", ".join(self.links(absolute(request, request.path).removesuffix(f".{extension}")))
        return readable_everywhere(response)

    def form(self, request: Request, extension: str) -> Form:
        if extension:
            found = next((form for form in self.forms if form.extension == extension), None)
            if found is None:
                raise Http404
            return found
        accept = request.headers.get("Accept", "")
        chosen = prefer(accept, self.offered())
        if chosen is None:
            raise NoFormAccepted(accept=accept, allowed=self.offered())
        return next(form for form in self.forms if form.media_type == chosen)

    @classmethod
    def links(cls, address: str) -> Iterator[str]:
        """Yield what a ``Link`` header says of the same thing in its forms."""
        for form in cls.forms:
            yield f'<{address}.{form.extension}>; rel="alternate"; type="{form.media_type}"'


def document_form(name: str) -> Form:
    return Form(name, DOCUMENTS[name].media_type, lambda base: make_document(name, base))


class StandardView(FormView):
    """The standard itself, by ``Accept`` or by the name of the document."""

    forms = tuple(document_form(name) for name in DOCUMENTS)

    @classmethod
    def links(cls, address: str) -> Iterator[str]:
        start = address[: address.index(PATH)] + PATH
        for form in cls.forms:
            yield f'<{start}{form.extension}>; rel="alternate"; type="{form.media_type}"'


class VocabulariesView(FormView):
    """The list of the vocabularies."""

    forms = (Form("json", JSON, lambda base: listed("vocabularies", map(vocabulary_entry, vocabulary_names()))),)


class VocabularyFormView(FormView):
    forms = (
        Form("json", JSON, lambda base, name: as_json(vocabulary_document(name))),
        Form("ttl", TURTLE, lambda base, name: vocabulary_turtle(name)),
        Form("csv", CSV, lambda base, name: vocabulary_csv(name)),
    )


class ConceptView(FormView):
    forms = (
        Form("json", JSON, lambda base, name, code: as_json(concept_document(find_concept(name, code)))),
        Form("ttl", TURTLE, lambda base, name, code: concept_turtle(find_concept(name, code))),
    )


class DataModelsView(FormView):
    """The list of the data models."""

    forms = (Form("json", JSON, lambda base: listed("data_models", map(model_entry, data_models()))),)


class DataModelView(FormView):
    """A data model as a Table Schema, and as KETI's City Data Hub takes it."""

    forms = (
        Form("json", JSON, lambda base, name: as_json(data_model(name).to_table_schema())),
        Form("keti.json", JSON, lambda base, name: as_json(registered_model(name)), is_negotiated=False),
    )


def newest(request: HttpRequest) -> HttpResponseRedirect:
    """Lead to the newest version; another one may be the newest tomorrow."""
    response = redirect(absolute(request, PATH))
    response.status_code = 303
    return response


def with_slash(request: HttpRequest) -> HttpResponseRedirect:
    return redirect(absolute(request, PATH), permanent=True)


def find_concept(name: str, code: str) -> Concept:
    concepts = vocabulary(name)
    if code not in concepts:
        raise Http404
    return concepts[code]


def listed(name: str, entries: Iterator[Mapping[str, Any]]) -> bytes:
    return as_json({"version": VERSION, name: list(entries)})
