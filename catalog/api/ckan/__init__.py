"""The door for clients of CKAN: its Action API (version 3) over our catalogue, read-only, for anybody.

One file a group of actions; ``actions.py`` is the table of all of them, ``view.py`` answers. Packages are written by
``catalog/exchange/ckan``; queries are parsed by ``catalog/exchange/lucene.py`` and become conditions in ``conditions.py``.
Unlike the rest of the API this one tolerates unknown parameters, as CKAN does: its clients send many.
"""
