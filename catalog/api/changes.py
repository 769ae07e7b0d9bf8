"""The change feed: what happened to datasets, in order; a client keeps the cursor and comes back with it.

Who may see a dataset sees its changes, also those of a dataset that was withdrawn since; of others nothing is told.
"""

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.access import RULES, Viewer
from catalog.api.addresses import absolute
from catalog.api.documentation import limit_parameter, operation, parameter
from catalog.api.paging import Key, read_cursor, write_cursor
from catalog.api.view import ApiView, one_value, read_limit
from catalog.models import Change, Dataset
from catalog.models.labels import speak
from catalog.text import Text

ORDER = (Key("sequence", int),)
FEED = "changes"


class ChangeSerializer(serializers.Serializer):
    """One thing that happened to a dataset."""

    kind = serializers.CharField(
        help_text=speak(
            Text(
                ko=f"무슨 일이 있었는지: {', '.join(Change.Kind.values)}. 새 종류가 생길 수 있습니다",
                en=f"What happened: {', '.join(Change.Kind.values)}. New kinds may be added.",
            )
        )
    )
    dataset = serializers.CharField(source="dataset_slug")
    dataset_id = serializers.UUIDField()
    organisation = serializers.CharField(source="organisation_slug")
    snapshot = serializers.SerializerMethodField(
        help_text=speak(Text(ko="공개된 스냅숏", en="The snapshot that was published."))
    )
    at = serializers.DateTimeField()
    uri = serializers.SerializerMethodField()

    def get_snapshot(self, change: Change) -> str | None:
        return change.snapshot_digest or None

    def get_uri(self, change: Change) -> str:
        return absolute(self.context["request"], f"/dataset/{change.dataset_slug}")


class ChangeListSerializer(serializers.Serializer):
    """What happened after the cursor, the oldest first."""

    changes = ChangeSerializer(many=True)
    next = serializers.CharField(
        help_text=speak(
            Text(
                ko="다음 요청의 'after' 값. 새 변경이 없어도 항상 있습니다",
                en="The value of 'after' for the next request; it is always there, also when nothing has happened.",
            )
        )
    )


class ChangesView(ApiView):
    parameters = ("after", "limit")

    @operation(
        "listChanges",
        tag="changes",
        summary=Text(ko="변경 따라가기", en="Follow the changes"),
        description=Text(
            ko="처음에는 `after` 없이, 그다음부터는 받은 `next`를 `after`로 보내십시오. 변경마다 데이터셋을 다시 읽으면 됩니다.",
            en="Start without `after`, then send each `next` as `after`. For every change, read the dataset again.",
        ),
        answer=ChangeListSerializer,
        parameters=[
            parameter("after", Text(ko="지난 답의 'next'", en="The 'next' of the last answer.")),
            limit_parameter(100, 1000),
        ],
    )
    def get(self, request: Request) -> Response:
        limit = read_limit(request, default=100, maximum=1000)
        after = one_value(request, "after")
        [sequence] = read_cursor(after, [key.kind for key in ORDER], FEED) if after else [0]
        changes = list(visible_changes(request.user).filter(sequence__gt=sequence)[:limit])
        last = changes[-1].sequence if changes else sequence
        shown = ChangeSerializer(changes, many=True, context={"request": request})
        return Response({"changes": shown.data, "next": write_cursor(FEED, [last])})


def visible_changes(viewer: Viewer) -> QuerySet[Change]:
    levels = [level for level, rule in RULES.items() if rule.sees(viewer)]
    return Change.objects.filter(dataset_id__in=Dataset.objects.filter(access_level__in=levels).values("pk"))
