"""The portal's addresses."""

from django.urls import path

from catalog.portal import views
from catalog.portal.sitemap import sitemap
from catalog.standard.publication import PATH

app_name = "portal"
STANDARD = PATH.removeprefix("/")
urlpatterns = [
    path("", views.search, name="search"),
    path("dataset/<slug:slug>", views.dataset, name="dataset"),
    path("dataset/<slug:slug>/quality", views.quality, name="quality"),
    path("organisation/<slug:slug>", views.organisation, name="organisation"),
    # Answered in datahub/standard_urls.py, where programs get other forms of the same; named here for the pages' links.
    path(STANDARD, views.standard, name="standard"),
    path(f"{STANDARD}vocabularies/<slug:name>", views.vocabulary, name="vocabulary"),
    path(f"{STANDARD}data-models/<slug:name>", views.data_model, name="data-model"),
    path("about", views.about, name="about"),
    path("sitemap.xml", sitemap, name="sitemap"),
    path("sitemap-<int:number>.xml", sitemap, name="sitemap-page"),
    path("robots.txt", views.robots, name="robots"),
]
