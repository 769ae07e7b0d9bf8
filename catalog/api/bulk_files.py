"""One snapshot and its whole files: static, resumable, each with its SHA-256. The parts that records lie in are not shown.

A file that has not been written yet is answered all the same: the records stream as they do at ``/records``, without
ranges and without a validator, while the file is being written for the next one who asks.
"""

from django.contrib.auth.models import AnonymousUser
from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.access import may_read, require_reading
from catalog.api.documentation import SLUG, operation, path_parameter
from catalog.api.file_names import attachment
from catalog.api.finished_files import answer_file
from catalog.api.records import started
from catalog.api.snapshots import SnapshotSerializer, snapshot_context
from catalog.api.view import ApiView
from catalog.describe import find_dataset
from catalog.files import WHOLE_FORMATS, ask_snapshot, find_file, find_snapshot
from catalog.models import Dataset
from catalog.records import FORMATS
from catalog.text import Text

DIGEST = path_parameter(
    "digest", Text(ko="스냅숏의 'id' (SHA-256, 64자)", en="The 'id' of the snapshot (SHA-256, 64 characters).")
)
EXTENSION = path_parameter("extension", Text(ko="형식", en="The format."), enum=list(WHOLE_FORMATS))
FOR_ALL = "public, no-cache, no-transform"
FOR_ONE = "private, no-cache, no-transform"


class SnapshotView(ApiView):
    @operation(
        "getSnapshot",
        tag="records",
        summary=Text(ko="공개된 판 하나와 전체 파일", en="One published version and its whole files"),
        answer=SnapshotSerializer,
        parameters=[SLUG, DIGEST],
        problems=(400, 404, 410),
    )
    def get(self, request: Request, slug: str, digest: str) -> Response:
        dataset = find_dataset(slug, request.user)
        snapshot = find_snapshot(dataset, digest)
        return Response(SnapshotSerializer(snapshot, context=snapshot_context(request, dataset, [snapshot])).data)


class WholeFileView(ApiView):
    """The bytes of a file never change while its snapshot is kept, whatever is published meanwhile."""

    @operation(
        "downloadSnapshot",
        tag="records",
        summary=Text(ko="판 전체를 파일로 내려받기", en="Download a whole version as a file"),
        description=Text(
            ko="미리 만들어 둔 파일이며 같은 판이면 늘 같은 바이트입니다. `Range`로 이어받고 (`If-Range`에는 `ETag`), `Repr-Digest`의 "
            "SHA-256으로 확인할 수 있습니다. 아직 만들지 않은 파일은 그 자리에서 흘려보내며, 이때는 `Accept-Ranges: none`입니다.",
            en="A file written beforehand: the same version is always the same bytes. Resume with `Range` (and the `ETag` in "
            "`If-Range`), verify with the SHA-256 in `Repr-Digest`. A file that has not been written yet is streamed, with "
            "`Accept-Ranges: none`.",
        ),
        answer=None,
        answers={FORMATS[name].media_type.partition(";")[0]: OpenApiTypes.BINARY for name in WHOLE_FORMATS},
        parameters=[SLUG, DIGEST, EXTENSION],
        problems=(400, 403, 404, 410),
    )
    def get(self, request: Request, slug: str, digest: str, extension: str) -> HttpResponseBase:
        dataset = find_dataset(slug, request.user)
        require_reading(request.user, dataset)
        snapshot = find_snapshot(dataset, digest)
        name = attachment(dataset, extension, request.LANGUAGE_CODE)
        file = find_file(snapshot, extension)
        if file is not None:
            return answer_file(
                request,
                file,
                media_type=FORMATS[extension].media_type,
                disposition=name,
                cache_control=cache_control(dataset),
            )
        headers = {"Accept-Ranges": "none", "Content-Disposition": name, "Cache-Control": "no-store, no-transform"}
        question = ask_snapshot(dataset, digest, [], request.user, extension)
        chunks = () if request.method == "HEAD" else started(question)
        return StreamingHttpResponse(chunks, content_type=FORMATS[extension].media_type, headers=headers)


def cache_control(dataset: Dataset) -> str:
    """Let caches keep a file that everybody may read, but ask each time (a 304 is cheap): it may be closed tomorrow."""
    return FOR_ALL if may_read(AnonymousUser(), dataset) else FOR_ONE
