"""Who hubs are: this one with its keys, and every other that has been heard of."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _


class OwnHub(models.Model):
    """The one row about this hub: its identity for good, and how far its entries have come.

    ``epoch`` is the feed's in which its entries were made, ``position`` numbers the entries that others read (``HubEntry``),
    ``sequence`` is the change of the feed up to which they are in step with the catalogue. Whoever writes entries locks this
    row.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    position = models.BigIntegerField(default=0)
    sequence = models.BigIntegerField(default=0)
    epoch = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("this hub")
        verbose_name_plural = _("this hub")

    def __str__(self) -> str:
        return str(self.id)


class HubKey(models.Model):
    """A pair of keys of this hub (Ed25519); the newest one signs. ``sealed`` is the private one, encrypted."""

    name = models.CharField(_("key"), max_length=16, primary_key=True)
    public = models.CharField(_("public key"), max_length=64)
    sealed = models.TextField(editable=False)
    signed_by = models.CharField(max_length=16, blank=True)
    signature = models.CharField(max_length=128, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    class Meta:
        verbose_name = _("key of this hub")
        verbose_name_plural = _("keys of this hub")
        ordering = ["created_at", "name"]

    def __str__(self) -> str:
        return self.name


class HubIdentity(models.Model):
    """A hub that has been heard of: its address and the public keys that are believed to be its own.

    ``keys`` lists ``{"name", "public", "signed_by", "signature", "revoked", "revocation"}``, the oldest first. They were believed once, when
    ``learnt_from`` told of them; since then a new key has to be signed by one that is known.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    title = models.CharField(_("name"), max_length=200, blank=True)
    address = models.CharField(_("address"), max_length=2000, blank=True)
    keys = models.JSONField(_("keys"), default=list)
    learnt_from = models.CharField(_("learnt from"), max_length=100, blank=True)
    created_at = models.DateTimeField(_("heard of"), auto_now_add=True)

    class Meta:
        verbose_name = _("known hub")
        verbose_name_plural = _("known hubs")
        ordering = ["title", "id"]

    def __str__(self) -> str:
        return self.title or str(self.id)
