"""What is known of addresses outside the hub: one row for each, whoever names it."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog.models.address import LONGEST_ADDRESS
from catalog.models.labels import speak
from catalog.standard.links import LINK_STATES, Link, LinkState


def states() -> list[tuple[str, str]]:
    return [(state.value, speak(label)) for state, label in LINK_STATES.items()]


class LinkCheck(models.Model):
    """The last try of an address. ``answered_at`` is when it last answered well; ``failures`` are those in a row."""

    url = models.CharField(_("address"), max_length=LONGEST_ADDRESS, unique=True)
    state = models.CharField(_("state"), max_length=20, choices=states)
    status = models.PositiveSmallIntegerField(_("HTTP status"), null=True, blank=True)
    checked_at = models.DateTimeField(_("tried"), db_index=True)
    answered_at = models.DateTimeField(_("last answered"), null=True, blank=True)
    first_failed_at = models.DateTimeField(_("fails since"), null=True, blank=True)
    failures = models.PositiveSmallIntegerField(_("failures in a row"), default=0)
    moved_to = models.CharField(_("moved to"), max_length=LONGEST_ADDRESS, blank=True)

    class Meta:
        verbose_name = _("link check")
        verbose_name_plural = _("link checks")
        ordering = ["url"]

    def __str__(self) -> str:
        return self.url

    @property
    def as_value(self) -> Link:
        return Link(
            url=self.url,
            state=LinkState(self.state),
            status=self.status,
            checked_at=self.checked_at,
            answered_at=self.answered_at,
            first_failed_at=self.first_failed_at,
            failures=self.failures,
            moved_to=self.moved_to,
        )
