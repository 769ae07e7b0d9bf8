"""The stewards' admin site."""

from django.contrib.admin import AdminSite
from django.utils.translation import gettext_lazy as _


class HubAdminSite(AdminSite):
    site_header = _("Urban data hub: stewards")
    site_title = _("Urban data hub")
    index_title = _("Today's work")
