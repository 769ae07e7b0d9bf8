"""The change feed: what happened to datasets, in order; a client keeps the cursor and comes back with it.

Who may see a dataset sees its changes, also those of a dataset that was withdrawn since; of others nothing is told, and of a
guarded one not which records it has. How pages are cut is in ``feed_pages.py``, by what they are narrowed in
``feed_filters.py``, how a client waits for the next change in ``waiting.py``.
"""

import hashlib
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any
from urllib.parse import urlencode

import orjson
from django.db.models import QuerySet
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers
from rest_framework.request import Request

from catalog.access import Viewer
from catalog.api.accept import prefer
from catalog.api.addresses import public_base
from catalog.api.compression import coding_of, compressed, tagged
from catalog.api.documentation import JSON, limit_parameter, operation, parameter
from catalog.api.feed_filters import FILTERS, read_filters
from catalog.api.feed_pages import UNKNOWN, Entry, FeedPage, Place, read_page, seen_by
from catalog.api.view import ApiView, cache_control, one_value, pairs_except, read_limit
from catalog.api.waiting import LONGEST, wait_for_change
from catalog.errors import BadValue
from catalog.models import Change
from catalog.models.labels import speak
from catalog.records import FORMATS
from catalog.text import Text

MOST = 10_000
LINES = FORMATS["ndjson"]
KEPT = "public, max-age=86400, immutable"  # of a page that never changes; a day, so that a restored backup is noticed
VARIES = "Accept, Accept-Encoding, Authorization, X-API-Key, Cookie"
ASK_AGAIN = 5  # seconds, for who would wait where no place is left


class ChangeSerializer(serializers.Serializer):
    """One thing that happened to a dataset. What it is chosen by (organisation, region …) is told as it was at that moment."""

    sequence = serializers.IntegerField(
        help_text=speak(
            Text(
                ko="이 허브의 피드에서의 번호. 볼 수 없는 변경의 번호는 빠집니다",
                en="Its number in the feed of this hub; those of changes that you may not see are left out.",
            )
        )
    )
    kind = serializers.CharField(
        help_text=speak(
            Text(
                ko=f"무슨 일이 있었는지: {', '.join(Change.Kind.values)}. 새 종류가 생길 수 있습니다",
                en=f"What happened: {', '.join(Change.Kind.values)}. New kinds may be added.",
            )
        )
    )
    dataset = serializers.CharField()
    dataset_id = serializers.UUIDField(
        help_text=speak(
            Text(ko="데이터셋의 번호. 모든 허브에서 같습니다", en="The dataset's number, the same in all hubs.")
        )
    )
    organisation = serializers.CharField()
    region = serializers.CharField(allow_null=True)
    theme = serializers.CharField(allow_null=True)
    data_model = serializers.CharField(allow_null=True)
    access_level = serializers.CharField()
    snapshot = serializers.CharField(
        allow_null=True, help_text=speak(Text(ko="공개된 스냅숏", en="The snapshot that was published."))
    )
    at = serializers.DateTimeField()
    uri = serializers.CharField(
        help_text=speak(
            Text(
                ko="데이터셋의 고유 주소. 다른 허브에서 온 것은 그 허브의 주소입니다",
                en="The permanent address of the dataset: of one that comes from another hub, its address there.",
            )
        )
    )


class ChangeListSerializer(serializers.Serializer):
    """What happened after the cursor, the oldest first. It only documents: pages never pass through it."""

    changes = ChangeSerializer(many=True)
    next = serializers.CharField(
        help_text=speak(
            Text(
                ko="다음 요청의 'after' 값. 새 변경이 없어도 항상 있습니다",
                en="The value of 'after' for the next request; it is always there, also when nothing has happened.",
            )
        )
    )
    more = serializers.BooleanField(
        help_text=speak(
            Text(
                ko="피드에 더 있음. 이 쪽이 비어 있어도 'next'로 바로 이어 읽으십시오",
                en="There is more of the feed: go on with 'next' at once, even when this page is empty.",
            )
        )
    )
    head = serializers.IntegerField(
        allow_null=True,
        help_text=speak(
            Text(
                ko="피드의 마지막 번호. 더 바뀌지 않는 쪽('more')에는 없고 'Hub-Feed-Head' 머리글에만 있습니다",
                en="The number of the feed's last entry. A page that never changes any more ('more') has it only in the "
                "header 'Hub-Feed-Head'.",
            )
        ),
    )


class ChangesView(ApiView):
    parameters = ("after", "limit", "wait", "format", *FILTERS)

    @operation(
        "listChanges",
        tag="changes",
        summary=Text(ko="변경 따라가기", en="Follow the changes"),
        description=Text(
            ko="처음에는 `after` 없이, 그다음부터는 받은 `next`를 `after`로 보내십시오. 변경마다 데이터셋을 다시 읽으면 됩니다. 순서는 하나이고 빠지는 "
            "것이 없으며, 철회된 데이터셋도 계속 알립니다. 조건으로 고르는 값이 바뀌면 먼저 이전 값으로 된 항목이 옵니다. `410`(`start-over`)이면 "
            "처음부터 다시 읽으십시오. `application/x-ndjson`은 한 줄에 하나씩이며 `next`는 `Hub-Feed-Next`와 `Link` 머리글에 있습니다.",
            en="Start without `after`, then send each `next` as `after`. For every change, read the dataset again. There is one "
            "order without gaps, and withdrawn datasets are told for ever. Where something changes that changes are chosen by, an "
            "entry with the values of before comes first. At a `410` (`start-over`) read from the start again. "
            "`application/x-ndjson` has one entry a line, and `next` in the headers `Hub-Feed-Next` and `Link`.",
        ),
        answer=ChangeListSerializer,
        answers={LINES.media_type: OpenApiTypes.STR},
        parameters=[
            parameter("after", Text(ko="지난 답의 'next'", en="The 'next' of the last answer.")),
            limit_parameter(100, MOST),
            parameter(
                "wait",
                Text(
                    ko="새 변경이 없으면 기다릴 초. 기다리는 사람이 많으면 바로 답하고 'Retry-After'를 붙입니다",
                    en="Seconds to wait for a change where there is none. Where others wait already the answer comes at once, with "
                    "'Retry-After'.",
                ),
                {"type": "integer", "minimum": 0, "maximum": LONGEST, "default": 0},
            ),
            parameter("format", Text(ko="`Accept` 대신", en="Instead of `Accept`."), enum=["json", LINES.name]),
            *(parameter(name, row.label) for name, row in FILTERS.items()),
        ],
        problems=(400, 410),
    )
    def get(self, request: Request) -> HttpResponseBase:
        limit = read_limit(request, default=100, maximum=MOST)
        seconds = read_wait(request)
        lines = wants_lines(request)
        asked = read_filters(request) & seen_by(request.user)
        place = Place.read(one_value(request, "after"))
        look = partial(read_page, asked=asked, limit=limit)
        page = look(place)
        waited = wait_for_change(page, look, seconds) if seconds and request.method != "HEAD" else page
        response = page_response(request, waited or page, place, lines=lines)
        if waited is None:
            response.headers["Retry-After"] = str(ASK_AGAIN)
        return response


def read_wait(request: Request) -> int:
    text = one_value(request, "wait", "0")
    if not text.isascii() or not text.isdigit() or len(text) > 4 or int(text) > LONGEST:
        raise BadValue(parameter="wait", value=text, expected=f"0..{LONGEST}")
    return int(text)


def wants_lines(request: Request) -> bool:
    """Tell whether the answer is lines of JSON; whoever asks for anything else has JSON."""
    given = one_value(request, "format")
    if given not in ("", "json", LINES.name):
        raise BadValue(parameter="format", value=given, expected=f"json, {LINES.name}")
    accepted = prefer(request.headers.get("Accept", ""), [JSON, LINES.media_type]) == LINES.media_type
    return given == LINES.name if given else accepted


def page_response(request: Request, page: FeedPage, place: Place, *, lines: bool) -> HttpResponseBase:
    """Return a page as an answer; nothing of one with more behind it ever changes, so that caches may keep it.

    The first page is never kept: it is where those begin anew whose cursor was refused.
    """
    base, cursor = public_base(request), page.end.write()
    told = [tell(entry, base) for entry in page.entries]
    format_ = LINES if lines else FORMATS["json"]
    content = write_lines(told) if lines else write_document(told, page, cursor)
    coding = coding_of(request, format_)
    is_for_ever = page.has_more and place.sequence > 0 and place.epoch != UNKNOWN
    following = urlencode([*pairs_except(request, "after"), ("after", cursor)])
    response = HttpResponse(
        content,
        content_type=format_.media_type,
        headers={
            "ETag": tagged(f'"{hashlib.sha256(content).hexdigest()[:32]}-{page.end.sequence:x}"', coding),
            "Vary": VARIES,
            "Cache-Control": KEPT if is_for_ever and request.user.is_anonymous else cache_control(request),
            "Link": f'<{base}{request.path}?{following}>; rel="next"',
            "Hub-Feed-Next": cursor,
            "Hub-Feed-More": str(page.has_more).lower(),
            "Hub-Feed-Head": str(page.head),
        },
    )
    return compressed(response, request, coding)


def write_lines(told: Iterable[Mapping[str, Any]]) -> bytes:
    return b"".join(orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE) for entry in told)


def write_document(told: list[dict[str, Any]], page: FeedPage, cursor: str) -> bytes:
    head = None if page.has_more else page.head
    return orjson.dumps({"changes": told, "next": cursor, "more": page.has_more, "head": head})


def tell(entry: Entry, base: str) -> dict[str, Any]:
    return {
        "sequence": entry["sequence"],
        "kind": entry["kind"],
        "dataset": entry["dataset_slug"],
        "dataset_id": entry["dataset_id"],
        "organisation": entry["organisation_slug"],
        "region": entry["region"] or None,
        "theme": entry["theme"] or None,
        "data_model": entry["data_model"] or None,
        "access_level": entry["access_level"],
        "snapshot": (entry["snapshot_digest"] or None) if not entry["is_guarded"] else None,
        "at": timezone.localtime(entry["at"]),
        "uri": uri_of(entry, base),
    }


def uri_of(entry: Entry, base: str) -> str:
    """Return the permanent address of a dataset: at the hub that it comes from, else here."""
    return entry["home"] or f"{base}/dataset/{entry['dataset_slug']}"


def visible_changes(viewer: Viewer) -> QuerySet[Change]:
    return Change.objects.filter(seen_by(viewer))
