"""Serving indexes: what makes questions about a snapshot fast, derived from its parts and disposable at any time.

An index is a folder of immutable files, named by the snapshot's digest, written beside and renamed into place
(``build.py``): a table of the native engine in time order for scans and aggregates, the same rows as a memory-mapped
Arrow file, and positions in it by key, by place and by pairs of letters (``positions.py``). Every process opens them
read-only (``serving.py``). ``lookup.py`` answers what these positions tell; everything else is asked of the table.
The index of an older snapshot answers for a newer one together with what came later (``later.py``).
An answer never depends on whether an index exists.
"""

from catalog.records.index.build import build_index
from catalog.records.index.later import Later, is_little, what_came_later
from catalog.records.index.serving import Index, Indexes, index_of

__all__ = ["Index", "Indexes", "Later", "build_index", "index_of", "is_little", "what_came_later"]
