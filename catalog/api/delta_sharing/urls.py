"""The addresses of Delta Sharing, below ``/delta-sharing/``."""

from django.urls import path

from catalog.api.delta_sharing.file_addresses import FileView
from catalog.api.delta_sharing.profile import ProfileView, RootView
from catalog.api.delta_sharing.table import ChangesView, MetadataView, QueryView, VersionView
from catalog.api.delta_sharing.tables import AllTablesView, SchemasView, SharesView, ShareView, TablesView

app_name = "delta-sharing"
TABLE = "shares/<str:share>/schemas/<str:schema>/tables/<str:table>"
urlpatterns = [
    path("", RootView.as_view(), name="root"),
    path("profile.share", ProfileView.as_view(), name="profile"),
    path("shares", SharesView.as_view(), name="shares"),
    path("shares/<str:share>", ShareView.as_view()),
    path("shares/<str:share>/schemas", SchemasView.as_view()),
    path("shares/<str:share>/schemas/<str:schema>/tables", TablesView.as_view()),
    path("shares/<str:share>/all-tables", AllTablesView.as_view()),
    path(f"{TABLE}/version", VersionView.as_view()),
    path(f"{TABLE}/metadata", MetadataView.as_view()),
    path(f"{TABLE}/query", QueryView.as_view()),
    path(f"{TABLE}/changes", ChangesView.as_view()),
    path("files/<str:token>.parquet", FileView.as_view(), name="file"),
]
