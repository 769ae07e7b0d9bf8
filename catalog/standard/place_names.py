"""The way to a field in words: ``distributions.0.format`` is "배포 1번의 파일 형식", "Format of distribution 1"."""

from catalog.standard.forms import nested_class
from catalog.standard.profile import Class, fields_of
from catalog.text import Text


def name_place(place: str, class_: Class = Class.DATASET) -> Text:
    """Return what a place in a description is called; what no field of the profile is shows itself."""
    name, _, rest = place.partition(".")
    field = fields_of(class_).get(name)
    if field is None:
        return Text(ko=place, en=place)
    number, _, inside = rest.partition(".") if field.many else ("", "", rest)
    korean, english = field.label.ko, field.label.en
    if number.isdecimal():
        korean, english = f"{korean} {int(number) + 1}번", f"{english} no. {int(number) + 1}"
    inner = nested_class(field)
    if not inside or inner is None:
        return Text(ko=korean, en=english)
    part = name_place(inside, inner)
    return Text(ko=f"{korean} › {part.ko}", en=f"{english} › {part.en}")
