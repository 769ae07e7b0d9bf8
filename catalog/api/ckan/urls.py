"""The addresses of CKAN's API, below ``/api/``; none of them ends with a slash or redirects."""

from django.urls import path, re_path

from catalog.api.ckan.util import answer_util
from catalog.api.ckan.view import answer_action, answer_version

urlpatterns = [
    path("3", answer_version),
    re_path(r"^(?:3/)?action/(?P<name>[^/]+)$", answer_action),
    re_path(r"^(?:[23]/)?util/(?P<name>.+)$", answer_util),
]
