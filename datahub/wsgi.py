"""The WSGI entry point of the web server: repeats are answered in front of Django.

What its processes count, they write down from time to time.
"""

import gc
import os
from collections.abc import Callable, Iterable
from typing import Any

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "datahub.settings")
django_application = get_wsgi_application()

from catalog.api.repeats import answer_repeats  # noqa: E402  the models are there only now
from catalog.keys import keep_writing_uses  # noqa: E402
from catalog.presence import CALLER  # noqa: E402

answer_requests = answer_repeats(django_application)


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer a request; while it is being answered, it is known where it came from."""
    CALLER.set(environ.get("REMOTE_ADDR", ""))
    return answer_requests(environ, start_response)


keep_writing_uses()
gc.freeze()  # what is loaded stays: no collection has to look at it again
