"""Three tiers on one machine: two cities, a region that reads both, a nation that reads the region and one of the cities.

``place.py`` says which hubs there are and what each is started with, ``desk.py`` is the program that does things inside one
hub, ``start.py`` starts them all, ``show.py`` shows them and ``check.py`` verifies them. Their descriptions and data are
``ingest/hubs/tiers/``.
"""
