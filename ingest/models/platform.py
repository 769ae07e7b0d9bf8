"""Municipal integrated platforms (스마트시티 통합플랫폼) that exchange events with the hub."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog.models import Dataset, Organisation
from catalog.models.slug import SLUG_LENGTH, check_slug


class Platform(models.Model):
    """A platform: how it is known when it sends, where it takes events, how long what it sent is kept.

    ``position`` is the last segment of its inbox that stands in the database, ``revision`` counts changes of its
    occurrences. Of its own key only the SHA-256 is kept; the keys that the hub needs are named secrets.
    """

    class CipherText(models.TextChoices):
        BASE64 = "base64", "Base64"
        HEX = "hex", _("hexadecimal")

    slug = models.SlugField(_("identifier"), max_length=SLUG_LENGTH, unique=True, validators=[check_slug])
    title = models.CharField(_("name"), max_length=200)
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, related_name="platforms", verbose_name=_("organisation")
    )
    dataset = models.OneToOneField(
        Dataset, models.PROTECT, related_name="platform", verbose_name=_("dataset of its events"), editable=False
    )
    is_enabled = models.BooleanField(_("enabled"), default=True)
    send_codes = models.JSONField(
        _("sender codes"),
        default=list,
        blank=True,
        help_text=_("Which sendCd it uses, such as B4113000000; empty: any."),
    )
    addresses = models.JSONField(
        _("its addresses"),
        default=list,
        blank=True,
        help_text=_("Addresses or networks that it sends from, such as 10.1.2.0/24; empty: any."),
    )
    key_digest = models.CharField(_("SHA-256 of its key"), max_length=64, blank=True, editable=False)
    key_shown = models.CharField(_("beginning of its key"), max_length=16, blank=True, editable=False)
    cipher_secret = models.CharField(
        _("cipher key"),
        max_length=SLUG_LENGTH,
        blank=True,
        help_text=_("The name of the stored secret that bodies are encrypted with (ARIA-256); empty: none."),
    )
    cipher_text = models.CharField(
        _("form of ciphertexts"), max_length=10, choices=CipherText.choices, default=CipherText.BASE64
    )
    personal_days = models.PositiveIntegerField(
        _("days to keep personal data"),
        default=30,
        help_text=_("Then messages are deleted, and operators, places, texts and images of occurrences."),
    )
    event_days = models.PositiveIntegerField(
        _("days to keep occurrences"), default=1095, help_text=_("What is left of them then is deleted, too.")
    )
    position = models.BigIntegerField(_("read up to"), default=0, editable=False)
    revision = models.BigIntegerField(_("changes"), default=0, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    modified_at = models.DateTimeField(_("modified"), auto_now=True)

    class Meta:
        verbose_name = _("integrated platform")
        verbose_name_plural = _("integrated platforms")
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.title
