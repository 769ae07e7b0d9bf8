"""The columns of a contact point, shared by the models that have one."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog.models.address import AddressField


class ContactColumns(models.Model):
    """An office that answers questions; never a person."""

    contact_name_ko = models.CharField(_("contact office (Korean)"), max_length=200, blank=True)
    contact_name_en = models.CharField(_("contact office (English)"), max_length=200, blank=True)
    contact_email = models.EmailField(_("contact e-mail"), blank=True)
    contact_phone = models.CharField(_("contact phone"), max_length=50, blank=True)
    contact_url = AddressField(_("contact page"), blank=True)

    class Meta:
        abstract = True
