"""The audit log: who did what, when and from where, one entry after the other in a chain."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class AuditEntry(models.Model):
    """One entry. It names whom and what it speaks of by their names, so that it outlives both.

    ``told`` is JSON: of a form, what Django's own log says of the change; of anything else that was asked for, the names of
    the action and of what was chosen. It never holds a value that was typed in. ``digest`` is SHA-256 over the digest of the
    entry before and this one: an altered or lost entry breaks the chain (``catalog/audit.py``).
    """

    class Act(models.TextChoices):
        SIGNED_IN = "signed-in", _("signed in")
        SIGNED_OUT = "signed-out", _("signed out")
        ASKED = "asked", _("asked")
        ADDED = "added", _("added")
        CHANGED = "changed", _("changed")
        DELETED = "deleted", _("deleted")
        COMMAND = "command", _("command on the server")
        FORGOTTEN = "forgotten", _("older entries forgotten")

    number = models.BigIntegerField(_("number"), primary_key=True)
    at = models.DateTimeField(_("moment"), db_index=True)
    user_id = models.BigIntegerField(_("account number"), null=True, blank=True)
    user_name = models.CharField(_("user name"), max_length=200, blank=True)
    address = models.CharField(_("caller's address"), max_length=60, blank=True)
    act = models.CharField(_("act"), max_length=10, choices=Act.choices)
    model = models.CharField(_("kind of object"), max_length=100, blank=True)
    object_id = models.CharField(_("object number"), max_length=255, blank=True)
    object_name = models.CharField(_("object"), max_length=200, blank=True)
    told = models.TextField(_("details"), blank=True)
    digest = models.CharField(_("digest"), max_length=64)

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit log")
        ordering = ["-number"]

    def __str__(self) -> str:
        return f"{self.number} {self.user_name} {self.get_act_display()} {self.object_name}".rstrip()


class AuditHead(models.Model):
    """The one row whose lock gives every entry its number and its link inside the writing transaction."""

    number = models.BigIntegerField(default=0)
    digest = models.CharField(max_length=64, default="")  # of the last entry

    class Meta:
        verbose_name = _("head of the audit log")
        verbose_name_plural = _("heads of the audit log")

    def __str__(self) -> str:
        return f"{self.number}:{self.digest}"
