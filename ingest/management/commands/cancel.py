"""``manage.py cancel RUN``: stops a run that is waiting or at work."""

from django.core.management.base import CommandError

from catalog.text import Text
from ingest.management.one_run import RunCommand
from ingest.models import Run
from ingest.repetitions import cancel_run

STOPPED = Text(
    ko="{slug}: {run}번 실행을 시작하기 전에 취소했습니다. 공개된 자료는 그대로입니다.",
    en="{slug}: run {run} was cancelled before it began; what is published stays.",
)
STOPS = Text(
    ko="{slug}: {run}번 실행에 멈추라고 했습니다. 몇 초 안에 멈추고, 공개된 자료는 그대로입니다.",
    en="{slug}: run {run} was asked to stop; it does within seconds, and what is published stays.",
)


class Command(RunCommand):
    help = "Stop a run that is waiting or at work; nothing of it is published."

    def act(self, run: Run) -> Text:
        if not cancel_run(run):
            state = f"{run.get_state_display()}"
            raise CommandError(f"{run.pk}번 실행은 이미 끝났습니다. / Run {run.pk} is over already: {state}")
        run.refresh_from_db(fields=["state"])
        return STOPPED if run.state == Run.State.CANCELLED else STOPS
