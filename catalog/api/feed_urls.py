"""The addresses of the change feed as linked data, with and without an extension."""

from django.urls import path

from catalog.api.ldes import LdesBookView, LdesPageView, LdesRootView

PLACES = (
    ("ldes", "ldes", LdesRootView),
    ("ldes/<int:epoch>/<int:book>", "ldes-book", LdesBookView),
    ("ldes/<int:epoch>/<int:book>/<int:page>", "ldes-page", LdesPageView),
)
urlpatterns = [
    *(path(f"{place}.<slug:extension>", view.as_view()) for place, _, view in PLACES),
    *(path(place, view.as_view(), name=name) for place, name, view in PLACES),
]
