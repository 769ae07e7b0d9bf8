"""The whole catalogue as tables: ``/catalog.csv`` and ``.xlsx`` for stewards, the columns of data.go.kr, KETI's JSON.

Each is written while the datasets are read, a workbook into a file first. Its ETag comes from the change feed, so that who
has it already learns with a few look-ups that nothing has changed.
"""

import hashlib
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import BinaryIO

from django.db.models import Max
from django.http import FileResponse, HttpResponseBase, HttpResponseNotModified, StreamingHttpResponse
from django.utils.cache import get_conditional_response
from rest_framework.request import Request

from catalog.access import RULES, visible_datasets
from catalog.api.addresses import public_base
from catalog.api.dcat_catalogue import writer_digest
from catalog.api.view import ApiView, one_value
from catalog.errors import BadValue
from catalog.exchange.datagokr import write_datagokr_csv, write_datagokr_xlsx
from catalog.exchange.entry import Catalogue
from catalog.exchange.keti import write_keti
from catalog.exchange.table import write_table_csv, write_table_xlsx
from catalog.models import Catalogue as CatalogueRow
from catalog.models import DataService, FeedHead, Organisation, Series
from catalog.share import share

CSV, JSON = "text/csv; charset=utf-8", "application/json"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ENCODINGS = {"utf-8": "utf-8-sig", "cp949": "cp949"}
TOLD = (CatalogueRow, Organisation, Series, DataService)
Pieces = Callable[[Catalogue], Iterable[bytes]]


@dataclass(frozen=True)
class Table:
    """A form of the whole catalogue: written piece by piece, or into a file."""

    name: str
    media_type: str
    pieces: Pieces | None = None
    into: Callable[[Catalogue, BinaryIO], None] | None = None


PORTAL = Table("catalog.datagokr.csv", CSV, write_datagokr_csv)
TABLES: tuple[Table, ...] = (
    Table("catalog.csv", CSV, write_table_csv),
    Table("catalog.xlsx", XLSX, into=write_table_xlsx),
    PORTAL,
    Table("catalog.datagokr.xlsx", XLSX, into=write_datagokr_xlsx),
    Table("catalog.keti.json", JSON, write_keti),
)


class TableView(ApiView):
    """One of the tables."""

    schema = None
    table = TABLES[0]

    def get(self, request: Request) -> HttpResponseBase:
        encoding = self.encoding(request)
        etag = state(request)
        response = get_conditional_response(request, etag=etag)
        if not isinstance(response, HttpResponseNotModified):
            datasets = visible_datasets(request.user).order_by("slug")
            response = self.answer(share(datasets, public_base(request)), encoding)
            response["Content-Disposition"] = f'attachment; filename="{self.table.name}"'
        response["ETag"] = etag
        response["Access-Control-Allow-Origin"] = "*"
        return response

    def encoding(self, request: Request) -> str:
        return ""

    def answer(self, catalogue: Catalogue, encoding: str) -> HttpResponseBase:
        if self.table.into is not None:
            file = tempfile.TemporaryFile()  # noqa: SIM115 (the answer closes it)
            self.table.into(catalogue, file)
            file.seek(0)
            return FileResponse(file, content_type=self.table.media_type)
        return streamed(self.table.pieces(catalogue), self.table.media_type)


class PortalTableView(TableView):
    """The portal's columns, with ``encoding=cp949`` as older programs want them."""

    table = PORTAL
    parameters = ("encoding",)

    def encoding(self, request: Request) -> str:
        encoding = one_value(request, "encoding", "utf-8")
        if encoding not in ENCODINGS:
            raise BadValue(parameter="encoding", value=encoding, expected=list(ENCODINGS))
        return encoding

    def answer(self, catalogue: Catalogue, encoding: str) -> HttpResponseBase:
        pieces = write_datagokr_csv(catalogue, ENCODINGS[encoding])
        return streamed(pieces, f"text/csv; charset={encoding}")


def streamed(pieces: Iterable[bytes], media_type: str) -> StreamingHttpResponse:
    """Answer piece by piece; the first is drawn before the status is sent."""
    rest: Iterator[bytes] = iter(pieces)
    return StreamingHttpResponse(chain([next(rest)], rest), content_type=media_type)


def state(request: Request) -> str:
    """Return a strong ETag: what was asked, who sees what, the last change of all that is told, and how it is written."""
    visible = [level for level, rule in RULES.items() if rule.sees(request.user)]
    sequence = FeedHead.objects.values_list("sequence", flat=True).first() or 0
    moments = [model.objects.aggregate(at=Max("modified_at"))["at"] for model in TOLD]
    told = (public_base(request), request.get_full_path(), visible, sequence, moments, writer_digest())
    return f'"{hashlib.sha256(repr(told).encode()).hexdigest()[:32]}"'
