"""Descriptions that tests share."""

from typing import Any

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
