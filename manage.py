#!/usr/bin/env python3
"""The hub's command line. ``quickstart`` and ``selftest`` need nothing but Python; they make ``.venv`` themselves."""

import os
import sys

from datahub.bootstrap import enter_environment


def main() -> None:
    enter_environment(sys.argv)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "datahub.settings")
    from django.core.exceptions import ImproperlyConfigured  # only now are the packages there
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
