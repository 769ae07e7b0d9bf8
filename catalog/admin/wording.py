"""Sentences of Django's admin whose Korean reads badly. Naming them here lets ``datahub/locale`` say them better."""

from django.utils.translation import gettext_noop, ngettext_lazy

REPLACED = (
    gettext_noop("Select %s to view"),
    gettext_noop("Select %s to change"),
    gettext_noop(" By %(filter_title)s "),
    gettext_noop("None available"),
    gettext_noop("View %s"),
    gettext_noop("History"),
    gettext_noop("Change history: %s"),
    gettext_noop("Save and add another"),
    gettext_noop("Save and continue editing"),
    gettext_noop("0 of %(cnt)s selected"),
    gettext_noop("No action selected."),
    gettext_noop("Items must be selected in order to perform actions on them. No items have been changed."),
    gettext_noop("The {name} “{obj}” was added successfully."),
    gettext_noop("The {name} “{obj}” was changed successfully."),
    gettext_noop("The {name} “{obj}” was added successfully. You may add another {name} below."),
    gettext_noop("The {name} “{obj}” was changed successfully. You may add another {name} below."),
    gettext_noop("The {name} “{obj}” was changed successfully. You may edit it again below."),
    gettext_noop("You may edit it again below."),
    ngettext_lazy("Please correct the error below.", "Please correct the errors below."),
    gettext_noop("users"),
    gettext_noop("Enter a valid JSON."),
    gettext_noop("This field is required."),
)
