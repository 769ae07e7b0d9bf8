"""The stewards' admin: Django's own, with the catalogue's models. Saving goes through ``catalog/publish.py``.

``site.py`` registers everything when the site is made; nothing happens when this package is imported.
"""
