"""Collection in the stewards' admin: sources and their runs, providers, secrets, alerts, and what wants attention today.

Doors only: each page calls the one function that does what it says.
"""

from django.contrib import admin

from ingest.admin import run, source, stored
from ingest.opening import objection
from ingest.todays_work import late_sources, troubled_sources

__all__ = ["run", "source", "stored"]

admin.site.add_guard(objection)
admin.site.add_work(troubled_sources)
admin.site.add_work(late_sources)
