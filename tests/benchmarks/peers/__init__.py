"""The hub next to its peers: the same data, the same questions, one server after the other on loopback.

    python -m tests.benchmarks.peers [--rows 10000000] [--facilities 300000] [--peers hub,datasette] [--out FILE.md]

``data.py`` makes the tables, ``questions.py`` says what is asked, one module a peer says how it is loaded and asked
(``hub``, ``datasette``, ``postgresql``, ``ckan``, ``roapi``, ``limits``), ``load.py`` asks, ``report.py`` writes the table.
"""
