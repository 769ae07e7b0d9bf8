"""What all views of the API share: they only read unless they say otherwise, unknown parameters are errors, answers can be revalidated."""

from collections.abc import Sequence
from typing import ClassVar

from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import method_decorator
from django.views.decorators.http import conditional_page
from rest_framework.exceptions import MethodNotAllowed
from rest_framework.request import Request
from rest_framework.views import APIView

from catalog.api.addresses import query_pairs
from catalog.errors import BadValue, UnknownParameter
from catalog.text import Text


@method_decorator(conditional_page, name="dispatch")
class ApiView(APIView):
    """A view that only reads, unless its ``http_method_names`` say more; ``parameters`` are the query parameters that it knows.

    Answers get an ETag of their content where the view gives none of its own.
    """

    http_method_names = ["get", "head", "options"]
    parameters: ClassVar[tuple[str, ...]] = ()

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        if request.method.lower() not in self.http_method_names:
            raise MethodNotAllowed(request.method)
        super().initial(request, *args, **kwargs)
        self.check_parameters(request)

    def check_parameters(self, request: Request) -> None:
        for name in request.GET:
            if name not in self.parameters:
                raise UnknownParameter(parameter=name, allowed=self.parameters)

    def finalize_response(
        self, request: Request, response: HttpResponseBase, *args: object, **kwargs: object
    ) -> HttpResponseBase:
        if "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = cache_control(request)
        return super().finalize_response(request, response, *args, **kwargs)


def cache_control(request: HttpRequest | Request) -> str:
    """Let caches keep an answer but ask each time (a 304 is cheap); what a signed-in person sees is theirs alone."""
    return "private, no-cache" if request.user.is_authenticated else "public, no-cache"


def one_value(request: HttpRequest | Request, name: str, default: str = "") -> str:
    """Return the value of a parameter that may be given once."""
    values = request.GET.getlist(name)
    return only_value(name, values) if values else default


def only_value(name: str, values: Sequence[str]) -> str:
    """Return the one value, "" where there is none; several are refused."""
    if len(values) > 1:
        raise BadValue(parameter=name, value=values, expected=Text(ko="값 하나", en="one value"))
    return values[0] if values else ""


def read_limit(request: Request, *, default: int, maximum: int) -> int:
    text = one_value(request, "limit", str(default))
    if not text.isascii() or not text.isdigit() or len(text) > 9 or not 1 <= int(text) <= maximum:
        raise BadValue(parameter="limit", value=text, expected=f"1..{maximum}")
    return int(text)


def pairs_except(request: Request, *names: str) -> list[tuple[str, str]]:
    """Return the query parameters but some: the question without its place."""
    return [(name, value) for name, value in query_pairs(request) if name not in names]
