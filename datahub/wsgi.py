"""The WSGI entry point of the web server; what its processes count, they write down from time to time."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "datahub.settings")
application = get_wsgi_application()

from catalog.keys import keep_writing_uses  # noqa: E402  the models are there only now

keep_writing_uses()
