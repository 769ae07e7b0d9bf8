"""The addresses of the standard: a page for people, the same in forms for programs, as ``Accept`` says.

The portal and the API do not know each other; they meet here. Extensions are the API's, for no page has one.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django.urls import path
from django.utils.cache import patch_vary_headers

from catalog.api.accept import prefer
from catalog.api.addresses import absolute
from catalog.api.standard import (
    ConceptView,
    DataModelsView,
    DataModelView,
    FormView,
    StandardView,
    VocabulariesView,
    VocabularyFormView,
    newest,
    with_slash,
)
from catalog.portal import views
from catalog.standard import VERSION

PAGE = ("text/html", "application/xhtml+xml")


def page_or_forms(page: Callable[..., HttpResponseBase], forms: type[FormView]) -> Callable[..., HttpResponseBase]:
    """Return a view that answers with the page, or with the form that is wanted more."""
    answer_form = forms.as_view()

    def answer(request: HttpRequest, **names: str) -> HttpResponseBase:
        if prefer(request.headers.get("Accept", ""), [*PAGE, *forms.offered()]) not in PAGE:
            return answer_form(request, **names)
        response = page(request, **names)
        if response.status_code == 200:
            response["Link"] = ", ".join(forms.links(absolute(request, request.path)))
        patch_vary_headers(response, ["Accept"])
        return response

    return answer


DATA_MODEL, VOCABULARY = "data-models/<slug:name>", "vocabularies/<slug:name>"
urlpatterns = [
    path("", newest),
    path(VERSION, with_slash),
    path(f"{VERSION}/", page_or_forms(views.standard, StandardView)),
    path(f"{VERSION}/vocabularies", page_or_forms(views.standard_vocabularies, VocabulariesView)),
    path(f"{VERSION}/vocabularies.<str:extension>", VocabulariesView.as_view()),
    path(f"{VERSION}/{VOCABULARY}", page_or_forms(views.vocabulary, VocabularyFormView)),
    path(f"{VERSION}/{VOCABULARY}.<str:extension>", VocabularyFormView.as_view()),
    path(f"{VERSION}/{VOCABULARY}/<str:code>.json", ConceptView.as_view(), {"extension": "json"}),
    path(f"{VERSION}/{VOCABULARY}/<str:code>.ttl", ConceptView.as_view(), {"extension": "ttl"}),
    path(f"{VERSION}/{VOCABULARY}/<str:code>", page_or_forms(views.concept, ConceptView)),
    path(f"{VERSION}/data-models", page_or_forms(views.standard_models, DataModelsView)),
    path(f"{VERSION}/data-models.<str:extension>", DataModelsView.as_view()),
    path(f"{VERSION}/{DATA_MODEL}", page_or_forms(views.data_model, DataModelView)),
    path(f"{VERSION}/{DATA_MODEL}.<str:extension>", DataModelView.as_view()),
    path(f"{VERSION}/<str:extension>", StandardView.as_view()),
]
