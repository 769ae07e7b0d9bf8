"""``python -m datahub.tiers desk`` or ``founding``: the program of that name inside the hub that the environment names."""

import os
import sys
from importlib import import_module

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "datahub.settings")
django.setup()
import_module(f"datahub.tiers.{sys.argv[1]}").serve()  # the models are there only now
