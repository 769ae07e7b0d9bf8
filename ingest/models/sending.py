"""Events that the hub sends to platforms: where to, by which rule, and each message with its fate."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog.models import Dataset
from catalog.models.slug import SLUG_LENGTH, check_slug
from ingest.models.platform import Platform


class Receiver(models.Model):
    """Where a platform takes events. The session key that it gave is encrypted and used until it is refused."""

    platform = models.OneToOneField(Platform, models.CASCADE, related_name="receiver", verbose_name=_("platform"))
    address = models.CharField(  # of the intranet too, whose hosts may have names of one word
        _("address"), max_length=500, help_text=_("Without the paths, such as https://10.1.2.3:8443/scsns.")
    )
    auth_path = models.CharField(_("path of authentication"), max_length=200, default="/api/getAuth.json")
    event_path = models.CharField(_("path of events"), max_length=200, default="/linkHttp/recvEvent.json")
    api_key = models.CharField(
        _("API key"),
        max_length=SLUG_LENGTH,
        help_text=_("The name of the stored secret that the hub authenticates with."),
    )
    send_code = models.CharField(_("sender code"), max_length=100, help_text=_("The hub's own sendCd."))
    receive_code = models.CharField(_("receiver code"), max_length=100, help_text=_("The platform's rcvCd."))
    is_encrypted = models.BooleanField(_("bodies encrypted"), default=False)
    is_form = models.BooleanField(_("sent as a form"), default=False)
    allow_private = models.BooleanField(_("private addresses allowed"), default=False)
    ca_certificates = models.TextField(_("certificate authorities"), blank=True)
    session = models.TextField(_("session key"), blank=True, editable=False)
    failures = models.PositiveIntegerField(_("failures in a row"), default=0, editable=False)
    next_try_at = models.DateTimeField(_("next try"), null=True, blank=True, editable=False)
    last_error_ko = models.TextField(_("last error (Korean)"), blank=True, editable=False)
    last_error_en = models.TextField(_("last error (English)"), blank=True, editable=False)
    lease_until = models.DateTimeField(_("lease until"), null=True, blank=True, editable=False)
    is_enabled = models.BooleanField(_("enabled"), default=True)

    class Meta:
        verbose_name = _("receiving platform")
        verbose_name_plural = _("receiving platforms")
        ordering = ["id"]

    def __str__(self) -> str:
        return self.platform.title


class SendingRule(models.Model):
    """When records of a dataset are an event: as long as one fulfils ``condition``, its occurrence lasts."""

    slug = models.SlugField(_("identifier"), max_length=SLUG_LENGTH, unique=True, validators=[check_slug])
    receiver = models.ForeignKey(Receiver, models.CASCADE, related_name="rules", verbose_name=_("receiving platform"))
    dataset = models.ForeignKey(Dataset, models.PROTECT, related_name="sending_rules", verbose_name=_("dataset"))
    condition = models.TextField(
        _("condition"), help_text=_("As in filter=… of the API, CQL2 text, such as water_level >= 3.5.")
    )
    subject = models.JSONField(
        _("columns of the subject"),
        default=list,
        help_text=_("What an occurrence is about, such as the station's identifier; of each the latest record counts."),
    )
    event_id = models.CharField(_("kind of event"), max_length=100)
    event_name = models.CharField(_("name of the event"), max_length=200)
    grade = models.CharField(_("grade"), max_length=10, default="10")
    content = models.CharField(
        _("text"), max_length=1000, blank=True, help_text=_("With columns in braces: the level is {water_level} m.")
    )
    place = models.CharField(_("place"), max_length=500, blank=True, help_text=_("With columns in braces."))
    items = models.JSONField(
        _("items"), default=dict, blank=True, help_text=_('Item key → column: {"LEVEL": "water_level"}.')
    )
    is_enabled = models.BooleanField(_("enabled"), default=True)
    seen_snapshot = models.CharField(_("snapshot seen"), max_length=64, blank=True, editable=False)
    last_error_ko = models.TextField(_("last error (Korean)"), blank=True, editable=False)
    last_error_en = models.TextField(_("last error (English)"), blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    modified_at = models.DateTimeField(_("modified"), auto_now=True)

    class Meta:
        verbose_name = _("sending rule")
        verbose_name_plural = _("sending rules")
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.slug


class RaisedOccurrence(models.Model):
    """An occurrence that a rule of the hub raised; it lasts until ``ended_at``."""

    rule = models.ForeignKey(SendingRule, models.CASCADE, related_name="occurrences", verbose_name=_("rule"))
    subject = models.CharField(_("subject"), max_length=500)
    number = models.CharField(_("occurrence number"), max_length=100)
    started_at = models.DateTimeField(_("began"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    told = models.JSONField(_("last told"), default=dict)

    class Meta:
        verbose_name = _("raised occurrence")
        verbose_name_plural = _("raised occurrences")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["rule", "number"], name="one_number_a_rule"),
            models.UniqueConstraint(
                fields=["rule", "subject"], condition=models.Q(ended_at=None), name="one_open_occurrence_a_subject"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rule.event_id} {self.number}"


class OutgoingMessage(models.Model):
    """A message to a platform. Those of one ``occurrence`` are sent in the order of their ids, each until it is taken."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        SENT = "sent", _("sent")
        REFUSED = "refused", _("refused")
        GIVEN_UP = "given-up", _("given up")

    receiver = models.ForeignKey(
        Receiver, models.CASCADE, related_name="messages", verbose_name=_("receiving platform")
    )
    occurrence = models.ForeignKey(
        RaisedOccurrence, models.CASCADE, related_name="messages", verbose_name=_("occurrence")
    )
    status = models.CharField(_("status"), max_length=10)
    event = models.JSONField(_("event"))
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.WAITING)
    tries = models.PositiveIntegerField(_("tries"), default=0)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    next_try_at = models.DateTimeField(_("next try"), null=True, blank=True)
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    code = models.CharField(_("code of the answer"), max_length=10, blank=True)
    answer_ko = models.TextField(_("answer (Korean)"), blank=True)
    answer_en = models.TextField(_("answer (English)"), blank=True)

    class Meta:
        verbose_name = _("outgoing message")
        verbose_name_plural = _("outgoing messages")
        ordering = ["-id"]
        indexes = [models.Index(fields=["receiver", "state", "id"])]

    def __str__(self) -> str:
        return f"{self.occurrence} {self.status}"
