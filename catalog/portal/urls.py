"""The portal's addresses."""

from django.urls import path

from catalog.portal import views

app_name = "portal"
urlpatterns = [
    path("", views.search, name="search"),
    path("dataset/<slug:slug>", views.dataset, name="dataset"),
    path("organisation/<slug:slug>", views.organisation, name="organisation"),
    path("about", views.about, name="about"),
    path("robots.txt", views.robots, name="robots"),
]
