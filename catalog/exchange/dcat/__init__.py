"""DCAT-AP 3.0.1 in RDF: a catalogue to triples and back, without loss over the whole profile.

``write.py`` and ``read.py`` are the two ways through the same table of kinds (``kinds.py``); how one kind of value is told is in
``plain.py`` (texts, numbers, days, addresses), ``concepts.py`` (codes), ``places.py`` and ``parties.py``. ``hydra.py`` is paging.
The forms of RDF themselves are in ``catalog/exchange/rdf.py``.
"""

from catalog.exchange.dcat.hydra import Paging
from catalog.exchange.dcat.read import from_dcat, read_rdf
from catalog.exchange.dcat.write import OLDER_PROFILE, PROFILES, part_met, stream_dcat, to_dcat, write_dcat

__all__ = [
    "OLDER_PROFILE",
    "PROFILES",
    "Paging",
    "from_dcat",
    "part_met",
    "read_rdf",
    "stream_dcat",
    "to_dcat",
    "write_dcat",
]
