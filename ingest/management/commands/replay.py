"""``manage.py replay RUN``: reads the kept answers of a run again, with the schema and the rules of now."""

from catalog.text import Text
from ingest.management.one_run import RunCommand
from ingest.models import Run
from ingest.repetitions import replay_run


class Command(RunCommand):
    help = "Read the kept answers of a run again, without asking the platform."

    def act(self, run: Run) -> Text:
        asked = replay_run(run).pk
        return Text(
            ko=f"{{slug}}: {{run}}번 실행의 원본 응답을 지금의 스키마와 규칙으로 다시 읽습니다({asked}번 실행). 플랫폼에는 묻지 않습니다.",
            en=f"{{slug}}: the kept answers of run {{run}} will be read again with the schema and the rules of now (run {asked}); "
            "the platform is not asked.",
        )
