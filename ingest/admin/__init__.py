"""Collection in the stewards' admin: sources and their runs, providers, secrets, alerts, integrated platforms with their
messages and rules, and what wants attention today.

Doors only: each page calls the one function that does what it says.
"""

from django.contrib import admin

from ingest.admin import (
    event_rule,
    feed,
    harvested,
    hub,
    hub_offer,
    platform,
    platform_message,
    record_erasure,
    run,
    sending,
    source,
    stored,
)
from ingest.opening import objection
from ingest.platform.sending_work import troubled_sending
from ingest.platform.work import troubled_messages
from ingest.todays_work import late_sources, troubled_sources

__all__ = [
    "event_rule", "feed", "harvested", "hub", "hub_offer", "platform", "platform_message", "record_erasure", "run", "sending", "source",
    "stored",
]  # fmt: skip

admin.site.add_guard(objection)
admin.site.add_home_panel(hub_offer.home_panel)
admin.site.add_work(troubled_sources)
admin.site.add_work(late_sources)
admin.site.add_work(troubled_messages)
admin.site.add_work(troubled_sending)
