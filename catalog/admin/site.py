"""The stewards' admin site: what is registered on it, and the start page with today's work."""

from collections.abc import Callable, Iterable, Mapping
from functools import update_wrapper
from typing import Any

from django.contrib.admin import AdminSite, ModelAdmin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, path
from django.utils.translation import gettext_lazy as _
from django.views.i18n import set_language

from catalog.admin.api_key import ApiKeyAdmin
from catalog.admin.audited import AuditEntryAdmin, audited, record_asked, record_session
from catalog.admin.change import ChangeAdmin
from catalog.admin.dataset import DatasetAdmin, Guard, Panel
from catalog.admin.described import CatalogueAdmin, DataServiceAdmin, SeriesAdmin
from catalog.admin.grant import GrantAdmin
from catalog.admin.link_check import LinkCheckAdmin
from catalog.admin.organisation import OrganisationAdmin
from catalog.admin.reading import ReadingAdmin
from catalog.admin.work import FindWork
from catalog.admin.written_files import ExportAdmin, SnapshotFileAdmin
from catalog.models import (
    ApiKey,
    AuditEntry,
    Catalogue,
    Change,
    DataService,
    Dataset,
    Export,
    Grant,
    LinkCheck,
    Organisation,
    Reading,
    Series,
    SnapshotFile,
)

CATALOGUE: Mapping[type[Model], type[ModelAdmin]] = {
    Dataset: DatasetAdmin,
    Organisation: OrganisationAdmin,
    Series: SeriesAdmin,
    DataService: DataServiceAdmin,
    Catalogue: CatalogueAdmin,
    Change: ChangeAdmin,
    LinkCheck: LinkCheckAdmin,
    ApiKey: ApiKeyAdmin,
    Grant: GrantAdmin,
    Reading: ReadingAdmin,
    AuditEntry: AuditEntryAdmin,
    Export: ExportAdmin,
    SnapshotFile: SnapshotFileAdmin,
}
APP_ORDER = ("catalog", "ingest")  # the others follow


class HubAdminSite(AdminSite):
    site_header = _("Urban data hub: stewards")
    site_title = _("Urban data hub")
    index_title = _("Today's work")
    enable_nav_sidebar = False  # its tables fit on the start page

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        self.work: list[FindWork] = []
        self.guards: list[Guard] = []
        self.home_panels: list[Panel] = []
        for model, options in CATALOGUE.items():
            self.register(model, options)

    def add_work(self, find: FindWork) -> None:
        """Show another list on the start page; ``find`` is asked each time the page is opened."""
        self.work.append(find)

    def add_guard(self, guard: Guard) -> None:
        """Have another say in who may see a dataset; ``guard`` is asked before its level is saved."""
        self.guards.append(guard)

    def add_home_panel(self, show: Panel) -> None:
        """Tell more on the page of a dataset from another hub; ``show`` is asked each time such a page is opened."""
        self.home_panels.append(show)

    def register(
        self,
        model_or_iterable: type[Model] | Iterable[type[Model]],
        admin_class: type[ModelAdmin] | None = None,
        **options: Any,  # noqa: ANN401
    ) -> None:
        """Register a table so that what is done with it is recorded."""
        super().register(model_or_iterable, audited(admin_class or ModelAdmin), **options)

    def admin_view(self, view: Callable[..., HttpResponse], cacheable: bool = False) -> Callable[..., HttpResponse]:
        """Have every door record what it is asked for, once it is known that somebody may enter."""

        def recorded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:  # noqa: ANN401
            record_asked(request, self._registry)
            return view(request, *args, **kwargs)

        return super().admin_view(update_wrapper(recorded, view), cacheable)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        answer = super().login(request, extra_context)
        if request.method == "POST" and request.user.is_authenticated:
            record_session(request, AuditEntry.Act.SIGNED_IN)
        return answer

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if request.method == "POST":
            record_session(request, AuditEntry.Act.SIGNED_OUT)
        return super().logout(request, extra_context)

    def get_urls(self) -> list[URLPattern | URLResolver]:
        return [path("language/", set_language, name="language"), *super().get_urls()]

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        work = [found for find in self.work if (found := find(request))]
        return super().index(request, {"work": work, **(extra_context or {})})

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[dict[str, Any]]:
        return sorted(super().get_app_list(request, app_label), key=lambda app: place_of(app["app_label"], APP_ORDER))


def place_of(label: str, order: Iterable[str]) -> int:
    labels = list(order)
    return labels.index(label) if label in labels else len(labels)
