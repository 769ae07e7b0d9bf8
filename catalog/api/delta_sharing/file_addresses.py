"""Addresses of files that clients read without saying who they are: signed, short-lived, bound to a file and to who asked.

Whether that person may still read the dataset is asked again at each request: an address is no longer good than the right.
"""

import datetime as dt
import uuid
from dataclasses import dataclass

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.core import signing
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from rest_framework.request import Request

from catalog.access import Viewer, require_reading, visible_datasets
from catalog.api.addresses import absolute
from catalog.api.delta_sharing.errors import BadAddress, SharedFileNotFound
from catalog.api.delta_sharing.view import SharingView
from catalog.api.finished_files import answer_file
from catalog.errors import BadKey, DatasetNotFound
from catalog.files import FinishedFile
from catalog.keys import KnownKey
from catalog.models import ApiKey, Dataset
from catalog.records import RowFile
from catalog.shared_files import SHARED_SECONDS, find_shared

SALT = "delta-sharing-file"
PARQUET = "application/vnd.apache.parquet"


@dataclass(frozen=True)
class Addresses:
    """Gives the addresses of a dataset's files to who asks now."""

    request: Request
    dataset: Dataset

    def of(self, file: RowFile) -> str:
        key = self.request.auth
        told = [
            self.dataset.pk.hex,
            file.digest,
            file.is_part,
            self.request.user.pk,
            key.id if isinstance(key, KnownKey) else None,
        ]
        token = signing.dumps(told, salt=SALT)
        return absolute(self.request, reverse("delta-sharing:file", args=[token]))


def expires_at(now: dt.datetime) -> int:
    """Return until when addresses that are given out now are good, in milliseconds."""
    return int(now.timestamp() * 1000) + SHARED_SECONDS * 1000


class FileView(SharingView):
    authentication_classes = ()

    def get(self, request: Request, token: str) -> HttpResponseBase:
        try:
            dataset_id, digest, is_part, viewer_id, key_id = signing.loads(token, salt=SALT, max_age=SHARED_SECONDS)
        except signing.BadSignature as error:
            raise BadAddress from error
        viewer = find_viewer(viewer_id, key_id)
        dataset = visible_datasets(viewer).filter(pk=uuid.UUID(dataset_id)).first()
        if dataset is None:
            raise DatasetNotFound(dataset=dataset_id)
        require_reading(viewer, dataset)
        path = find_shared(dataset, digest, is_part=is_part)
        if path is None:
            raise SharedFileNotFound
        told = path.stat()
        written_at = dt.datetime.fromtimestamp(told.st_mtime, dt.UTC)
        return answer_file(
            request,
            FinishedFile(path, digest, told.st_size, written_at),
            media_type=PARQUET,
            disposition=f'attachment; filename="{digest[:16]}.parquet"',
            cache_control="private, no-cache, no-transform",
        )


def find_viewer(viewer_id: int | None, key_id: int | None) -> Viewer:
    """Return who was given an address; a key that was revoked since opens nothing more."""
    if viewer_id is None:
        return AnonymousUser()
    viewer = get_user_model().objects.filter(pk=viewer_id, is_active=True).first()
    if viewer is None or (key_id is not None and not ApiKey.objects.valid(timezone.now()).filter(pk=key_id).exists()):
        raise BadKey
    return viewer
