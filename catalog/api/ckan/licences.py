"""The action about licences: those of the standard, as CKAN lists them."""

from typing import Any

from catalog.api.ckan.action import Action
from catalog.api.ckan.call import Call
from catalog.standard import Concept, vocabulary
from catalog.text import Text


def license_list(call: Call) -> list[dict[str, Any]]:
    return [document_of(concept) for concept in vocabulary("licence").values()]


def document_of(concept: Concept) -> dict[str, Any]:
    is_open = concept.mappings.get("is_open") == "true"
    return {
        "id": concept.code,
        "title": concept.label.in_language("ko"),
        "title_translated": concept.label.as_dict(),
        "url": concept.uri,
        "status": "active",
        "family": "",
        "maintainer": "",
        "domain_content": True,
        "domain_data": True,
        "domain_software": False,
        "od_conformance": "approved" if is_open else "not reviewed",
        "osd_conformance": "not reviewed",
        "is_okd_compliant": is_open,
        "is_osi_compliant": False,
        "is_generic": concept.code == "unknown",
    }


ACTIONS = (Action("license_list", license_list, Text(ko="이용허락의 목록", en="The licences that datasets can have.")),)
