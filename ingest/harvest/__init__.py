"""Harvesting: brings the datasets of other catalogues into the hub, and keeps them in step from one reading to the next.

A feed (``Feed``) is a name under which one other catalogue is read again and again; ``feeds.py`` says when and by whom,
``reading.py`` tells one reading. Each dataset has a row (``Harvested``) with the document that it came as: what comes again
unchanged, whatever the order of keys or datasets, is left alone (``identity.py``, ``matching.py``); what is told no more is
withdrawn, never deleted, and much of it at once only after a person's word (``gone.py``). What cannot be taken is a row as
well (``failures.py``); what two feeds tell alike is shown (``duplicates.py``). How the formats are read is in
``ingest/harvest_formats.py``; only ``catalog/publish.py`` writes the catalogue.
"""

from ingest.harvest.reading import harvest
from ingest.harvest.result import Harvest

__all__ = ["Harvest", "harvest"]
