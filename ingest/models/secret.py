"""Secrets of sources, encrypted: what is stored is of no use without the hub's encryption keys."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog.models.slug import SLUG_LENGTH, check_slug


class Secret(models.Model):
    """A value that configurations name: ``{"secret": "its-name"}``. ``ciphertext`` is written by ``ingest/secret_store.py``."""

    name = models.SlugField(_("identifier"), max_length=SLUG_LENGTH, unique=True, validators=[check_slug])
    ciphertext = models.TextField(_("encrypted value"), editable=False)
    note = models.CharField(_("note"), max_length=500, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    modified_at = models.DateTimeField(_("modified"), auto_now=True)

    class Meta:
        verbose_name = _("secret")
        verbose_name_plural = _("secrets")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
