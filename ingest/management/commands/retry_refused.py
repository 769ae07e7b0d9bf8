"""``manage.py retry_refused RUN``: tries the refused records of a run again, after a schema or a rule was mended."""

from catalog.text import Text
from ingest.management.one_run import RunCommand
from ingest.models import Run
from ingest.repetitions import retry_refused


class Command(RunCommand):
    help = "Try the refused records of a run again; those accepted meanwhile are not tried twice."

    def act(self, run: Run) -> Text:
        asked = retry_refused(run).pk
        return Text(
            ko=f"{{slug}}: {{run}}번 실행에서 거절된 레코드를 다시 넣어 봅니다({asked}번 실행). 받아들여진 것은 더해지고, 나머지는 다시 "
            "거절됩니다.",
            en=f"{{slug}}: the records refused by run {{run}} will be tried again (run {asked}); what is accepted is added, the rest "
            "is refused again.",
        )
