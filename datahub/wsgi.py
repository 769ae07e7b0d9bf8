"""The WSGI entry point of the web server: repeats are answered in front of Django.

What its processes count, they write down from time to time.
"""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "datahub.settings")
django_application = get_wsgi_application()

from catalog.api.repeats import answer_repeats  # noqa: E402  the models are there only now
from catalog.keys import keep_writing_uses  # noqa: E402

application = answer_repeats(django_application)
keep_writing_uses()
gc.freeze()  # what is loaded stays: no collection has to look at it again
