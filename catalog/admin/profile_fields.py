"""Form fields from the metadata profile: what a steward sees for each kind of field, so that a new row needs no form.

A plain text, a day or a number has the field that Django makes from the model's column; the rest is here.
"""

from collections.abc import Callable, Mapping

from django import forms

from catalog.admin.fields import DocumentField, LinesField, NumbersField, WordsField
from catalog.models import Series
from catalog.models.labels import concept_choices, definition, label
from catalog.standard import PROFILE, Class, Field, Kind, Obligation, vocabulary

NOTHING_CHOSEN = [("", "---------")]
MOST_BOXES = 15  # more choices than these come as a list to choose from


def profile_form_fields(class_: Class) -> dict[str, forms.Field]:
    """Return the form fields of a class by column name, where they are not what Django makes of the column."""
    fields: dict[str, forms.Field] = {}
    for field in PROFILE[class_]:
        make = (LISTS if field.many else SINGLE).get(field.kind)
        if make is not None:
            fields |= make(field, class_)
    return fields


def put_profile_fields(form: forms.ModelForm, class_: Class) -> None:
    """Put the profile's form fields in the place of those that Django made; who may only look has none to fill."""
    form.fields.update({name: made for name, made in profile_form_fields(class_).items() if name in form.fields})


def words(field: Field, class_: Class) -> dict[str, forms.Field]:
    return {
        f"{field.name}_{language}": WordsField(
            label=label(field.name, language, class_), help_text=definition(field.name, class_), required=False
        )
        for language in ("ko", "en")
    }


def code(field: Field, class_: Class) -> dict[str, forms.Field]:
    """Offer the codes with nothing chosen: terms of use, say, are never given by accident."""
    is_mandatory = field.obligation is Obligation.MANDATORY
    return {
        field.name: forms.ChoiceField(
            choices=lambda: [*NOTHING_CHOSEN, *concept_choices(field.vocabulary)],
            required=is_mandatory,
            **texts(field, class_),
        )
    }


def codes(field: Field, class_: Class) -> dict[str, forms.Field]:
    return {
        field.name: ListedChoiceField(
            choices=lambda: concept_choices(field.vocabulary),
            widget=forms.CheckboxSelectMultiple if len(vocabulary(field.vocabulary)) <= MOST_BOXES else None,
            required=False,
            **texts(field, class_),
        )
    }


def lines(field: Field, class_: Class) -> dict[str, forms.Field]:
    return {field.name: LinesField(required=False, **texts(field, class_))}


def references(field: Field, class_: Class) -> dict[str, forms.Field]:
    """Offer the series that there are; other references are written as identifiers, one on a line."""
    if field.of is not Class.SERIES:
        return lines(field, class_)
    return {
        field.name: ListedChoiceField(
            choices=series_choices, widget=forms.CheckboxSelectMultiple, required=False, **texts(field, class_)
        )
    }


def series_choices() -> list[tuple[str, str]]:
    return [(series.slug, str(series)) for series in Series.objects.all()]


def documents(field: Field, class_: Class) -> dict[str, forms.Field]:
    return {} if field.kind is Kind.PART else {field.name: DocumentField(required=False, **texts(field, class_))}


def box(field: Field, class_: Class) -> dict[str, forms.Field]:
    return {field.name: NumbersField(count=4, required=False, **texts(field, class_))}


def texts(field: Field, class_: Class) -> dict[str, str]:
    return {"label": label(field.name, "", class_), "help_text": definition(field.name, class_)}


class ListedChoiceField(forms.MultipleChoiceField):
    """Several choices as a list; what is stored but no longer offered stays a choice of its own."""

    def valid_value(self, value: str) -> bool:
        return True  # the standard tells what is wrong with a code, in its own words

    def has_changed(self, initial: list[str] | None, data: list[str] | None) -> bool:
        return list(initial or []) != list(data or [])


Make = Callable[[Field, Class], dict[str, forms.Field]]
SINGLE: Mapping[Kind, Make] = {
    Kind.KEYWORDS: words,
    Kind.CODE: code,
    Kind.BOX: box,
    Kind.CHECKSUM: documents,
}
LISTS: Mapping[Kind, Make] = {
    Kind.CODE: codes,
    Kind.STRING: lines,
    Kind.ADDRESS: lines,
    Kind.REFERENCE: references,
    Kind.IDENTIFIER: documents,
    Kind.AGENT: documents,
    Kind.ATTRIBUTION: documents,
    Kind.RELATION: documents,
    Kind.PART: documents,
}
