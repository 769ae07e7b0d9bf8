"""The sandbox platform: an imaginary city, 한빛시 (Hanbit City), that answers as real Korean platforms do.

``python -m ingest.sandbox`` starts it; only the standard library is needed. The city's data (``city.py`` and one file
per kind of row) are pure functions of a seed and a moment; ``services.py`` lists what is offered; ``datagokr.py``,
``seoul.py`` and ``downloads.py`` each speak one platform's dialect; ``faults.py`` holds what can go wrong on purpose;
``answer.py`` turns a request into an answer without a socket and ``server.py`` puts it on one. ``hub.toml`` describes
the city as a hub that ``manage.py apply`` reads.
"""
