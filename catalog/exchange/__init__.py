"""The standard in other tongues: each file or package reads and writes one, side by side. Plain Python.

What travels is in ``entry.py``: a ``Catalogue`` of ``Entry`` values, whose descriptions follow the metadata profile.
"""
