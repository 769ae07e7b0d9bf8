"""The API door (``/api/v1/``): every view parses, calls one verb and answers.

Addresses are in ``urls.py``; each resource is one file. What all views share is in ``view.py``, errors as problem
documents in ``errors.py``, what the OpenAPI document says beyond the code in ``documentation.py``.
"""
