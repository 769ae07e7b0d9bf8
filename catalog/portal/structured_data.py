"""What a dataset's page tells search engines: one block of JSON-LD (schema.org).

A script element of this type holds data and is never run, so that the strict content security policy lets it pass; what
could end the element early is written as JSON escapes.
"""

import orjson
from django.utils.safestring import SafeString, mark_safe

from catalog.exchange.schema_org import to_schema_org
from catalog.models import Dataset
from catalog.share import share_dataset

ESCAPES = {ord("<"): "\\u003C", ord(">"): "\\u003E", ord("&"): "\\u0026", 0x2028: "\\u2028", 0x2029: "\\u2029"}


def structured_data(dataset: Dataset, base: str) -> SafeString:
    """Return the block's content."""
    document = orjson.dumps(to_schema_org(share_dataset(dataset, base))).decode()
    return mark_safe(document.translate(ESCAPES))
