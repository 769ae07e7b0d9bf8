"""Descriptions that tests share: one of a class with a value in every field, and a plain one as stewards write it."""

from collections.abc import Callable, Mapping
from typing import Any

from catalog.standard import Class, Field, Kind, fields_of, vocabulary

COMPLETE: dict[str, Any] = {
    "title": {"ko": "공영주차장 현황", "en": "Public car parks"},
    "description": {"ko": "시가 운영하는 주차장의 위치와 요금", "en": "Places and fees of the city's car parks"},
    "organisation": "hanbit-city",
    "contact_point": {
        "name": {"ko": "교통정책과", "en": "Transport division"},
        "email": "traffic@hanbit.example",
        "phone": "041-000-0000",
    },
    "theme": "transport",
    "keywords": {"ko": ["주차장", "요금"], "en": ["parking"]},
    "licence": "kogl-1",
    "frequency": "daily",
    "region": "44",
    "temporal": {"start": "2018-01-01", "end": "2018-12-31"},
    "access_level": "restricted",
    "access_reason": {"ko": "개인정보 보호법 제15조", "en": "Personal data act, article 15"},
    "landing_page": "https://hanbit.example/parking",
}


def complete(class_: Class = Class.DATASET) -> dict[str, Any]:
    """Return a description with a value in every field of the class, by the profile."""
    return {
        name: [value_of(field, 1), value_of(field, 2)] if field.many else value_of(field, 1)
        for name, field in fields_of(class_).items()
    }


def value_of(field: Field, number: int) -> Any:
    return VALUES[field.kind](field, number)


def code(field: Field, number: int) -> str:
    codes = list(vocabulary(field.vocabulary))
    return codes[min(number, len(codes)) - 1]


def text(field: Field, number: int) -> dict[str, str]:
    return {"ko": f"{field.label.ko} {number}", "en": f"{field.label.en} {number}"}


def string(field: Field, number: int) -> str:
    return STRINGS.get(field.name, f"{field.name.replace('_', '-')}-{number}")


STRINGS: Mapping[str, str] = {
    "media_type": "text/csv",
    "compress_format": "application/gzip",
    "package_format": "application/zip",
    "email": "data@hanbit.example",
    "phone": "041-000-0000",
    "encoding": "CP949",
    "unit": "ug/m3",
    "version": "2.1",
}

VALUES: Mapping[Kind, Callable[[Field, int], Any]] = {
    Kind.TEXT: text,
    Kind.KEYWORDS: lambda field, number: {"ko": ["주차장", "요금"], "en": ["parking", "fee"]},
    Kind.STRING: string,
    Kind.CODE: code,
    Kind.REGION: lambda field, number: "44",
    Kind.DAY: lambda field, number: f"2026-12-0{number}",
    Kind.MOMENT: lambda field, number: "2026-01-02" if field.name == "issued" else "2026-03-04T05:06:07+09:00",
    Kind.PERIOD: lambda field, number: {"start": "2018-01-01", "end": "2018-12-31"},
    Kind.DURATION: lambda field, number: f"PT{5 * number}M",
    Kind.INTEGER: lambda field, number: 1200 * number,
    Kind.DECIMAL: lambda field, number: 12.5 * number,
    Kind.BOOLEAN: lambda field, number: True,
    Kind.CONTACT: lambda field, number: complete(Class.CONTACT),
    Kind.ORGANISATION: lambda field, number: "hanbit-city",
    Kind.ADDRESS: lambda field, number: f"https://hanbit.example/{field.name.replace('_', '-')}/{number}",
    Kind.REFERENCE: lambda field, number: f"{field.name.replace('_', '-')}-{number}",
    Kind.BOX: lambda field, number: [126.5, 36.25, 127.0, 36.75],
    Kind.CHECKSUM: lambda field, number: {"algorithm": code(field, 1), "value": "ab" * 20},
    Kind.IDENTIFIER: lambda field, number: {"notation": f"10.1234/hanbit.{number}", "scheme": "https://doi.org/"},
    Kind.AGENT: lambda field, number: {
        "name": {"ko": f"한빛연구원 {number}", "en": f"Hanbit Institute {number}"},
        "uri": f"https://institute.hanbit.example/{number}",
    },
    Kind.ATTRIBUTION: lambda field, number: {
        "name": {"ko": f"한빛공단 {number}", "en": f"Hanbit Corporation {number}"},
        "uri": f"https://corporation.hanbit.example/{number}",
        "role": code(field, number),
    },
    Kind.RELATION: lambda field, number: {
        "target": f"https://hanbit.example/related/{number}",
        "role": code(field, number),
    },
    Kind.PART: lambda field, number: numbered(complete(field.of), number),
}


def numbered(description: dict[str, Any], number: int) -> dict[str, Any]:
    """Return a part that differs from its siblings where that tells them apart."""
    return {
        name: f"{value}{number}"
        if name in ("access_url", "download_url", "identifier", "name") and isinstance(value, str)
        else value
        for name, value in description.items()
    }
