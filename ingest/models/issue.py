"""Issues: what the checks of a run found, as data with a sentence in Korean and English."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog.text import Text
from ingest.models.run import Run


class Issue(models.Model):
    class Severity(models.TextChoices):
        WARNING = "warning", _("warning")
        BLOCKING = "blocking", _("blocks publishing")

    run = models.ForeignKey(Run, models.CASCADE, related_name="issues", verbose_name=_("run"))
    code = models.CharField(_("code"), max_length=40)
    severity = models.CharField(_("severity"), max_length=10, choices=Severity.choices)
    column = models.CharField(_("column"), max_length=200, blank=True)
    count = models.BigIntegerField(_("count"), default=0)
    text_ko = models.TextField(_("finding (Korean)"))
    text_en = models.TextField(_("finding (English)"))

    class Meta:
        verbose_name = _("issue")
        verbose_name_plural = _("issues")
        ordering = ["-severity", "-count", "id"]

    def __str__(self) -> str:
        return self.text_ko

    @property
    def text(self) -> Text:
        return Text(ko=self.text_ko, en=self.text_en)
