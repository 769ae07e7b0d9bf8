"""Descriptions from a file: planned, shown, carried out; a file changes only what it speaks of."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from builders import make_dataset, make_organisation, publish_rows
from descriptions import COMPLETE, complete
from django.core.management import CommandError, call_command

from catalog.describe import describe
from catalog.errors import BadDocument, BadTable
from catalog.exchange.datagokr import write_datagokr_csv
from catalog.exchange.entry import Catalogue, Entry
from catalog.exchange.keti import write_keti
from catalog.exchange.table import write_table_csv, write_table_xlsx
from catalog.intake import Plan, carry_out, find_format, plan_intake
from catalog.models import Change, Dataset, Organisation
from catalog.publish import Outcome
from catalog.share import share
from catalog.standard import Class

pytestmark = pytest.mark.django_db
BASE = "https://hub.example"
RICH = {
    "contact_point": {"name": {"ko": "교통과", "en": "Transport"}, "email": "t@hanbit.example"},
    "frequency": "daily",
    "distributions": [{"access_url": "https://hanbit.example/parking", "format": "CSV", "title": {"ko": "파일"}}],
}


def as_workbook(catalogue: Catalogue) -> bytes:
    file = io.BytesIO()
    write_table_xlsx(catalogue, file)
    return file.getvalue()


WRITERS: dict[str, Callable[[Catalogue], bytes]] = {
    "table.csv": lambda catalogue: b"".join(write_table_csv(catalogue)),
    "table.xlsx": as_workbook,
    "datagokr.csv": lambda catalogue: b"".join(write_datagokr_csv(catalogue)),
    "keti.json": lambda catalogue: b"".join(write_keti(catalogue)),
}


@pytest.fixture
def hub() -> None:
    publish_rows(make_dataset("air"))
    make_dataset("parking", schema=None, **RICH)


def file(path: Path, *rows: list[str]) -> Path:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    path.write_text(text.getvalue(), encoding="utf-8")
    return path


def outcomes(plan: Plan) -> dict[str, str]:
    return {planned.slug: str(planned.outcome) for planned in plan.datasets}


@pytest.mark.parametrize("name", WRITERS)
def test_what_the_hub_wrote_itself_changes_nothing(hub: None, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(WRITERS[name](share(Dataset.objects.all(), BASE)))
    before = Change.objects.count()
    plan = plan_intake(path)
    assert outcomes(plan) == {"air": "unchanged", "parking": "unchanged"}
    carry_out(plan)
    assert Change.objects.count() == before


def test_a_file_changes_only_what_it_speaks_of(hub: None, tmp_path: Path) -> None:
    before = describe(Dataset.objects.get(slug="parking"))
    plan = plan_intake(file(tmp_path / "t.csv", ["slug", "title_ko", "frequency"], ["parking", "공영주차장", "월간"]))
    [planned] = plan.datasets
    assert [(change.field, change.before, change.after) for change in planned.changes] == [
        ("title", before["title"], {"ko": "공영주차장", "en": "Air quality"}),
        ("frequency", "daily", "monthly"),
    ]
    carry_out(plan)
    after = describe(Dataset.objects.get(slug="parking"))
    assert after == before | {"title": {"ko": "공영주차장", "en": "Air quality"}, "frequency": "monthly"}


def test_an_empty_cell_empties_its_field(hub: None, tmp_path: Path) -> None:
    carry_out(plan_intake(file(tmp_path / "t.csv", ["slug", "frequency"], ["parking", ""])))
    assert "frequency" not in describe(Dataset.objects.get(slug="parking"))


def test_a_new_dataset_needs_no_records(tmp_path: Path) -> None:
    make_organisation()
    described = COMPLETE | {"organisation": "hanbit-city"}
    path = tmp_path / "t.xlsx"
    path.write_bytes(as_workbook(Catalogue(BASE, datasets=[Entry("car-parks", "", described)])))
    plan = plan_intake(path)
    assert outcomes(plan) == {"car-parks": "created"}
    carry_out(plan)
    dataset = Dataset.objects.get(slug="car-parks")
    assert dataset.distribution is None
    assert describe(dataset) == described


def test_a_workbook_brings_its_organisation_along(tmp_path: Path) -> None:
    described = COMPLETE | {"organisation": "new-city"}
    told = Catalogue(
        BASE, datasets=[Entry("a", "", described)], organisations={"new-city": complete(Class.ORGANISATION)}
    )
    path = tmp_path / "t.xlsx"
    path.write_bytes(as_workbook(told))
    carry_out(plan_intake(path))
    assert Organisation.objects.get(slug="new-city").datasets.count() == 1


def test_a_publisher_is_known_by_its_name_or_named_by_the_caller(tmp_path: Path) -> None:
    make_organisation()
    row = {"목록명": "가로등", "제공기관": "한빛시", "설명": "위치", "이용허락범위": "저작자표시"}
    path = file(tmp_path / "list.csv", list(row), list(row.values()))
    assert plan_intake(path).datasets[0].description["organisation"] == "hanbit-city"
    path = file(tmp_path / "list.csv", list(row), [*["가로등", "모르는시"], *list(row.values())[2:]])
    with pytest.raises(BadTable, match="the hub has no organisation '모르는시'"):
        plan_intake(path)
    assert plan_intake(path, organisation="hanbit-city").datasets[0].description["organisation"] == "hanbit-city"


def test_a_row_of_the_portal_finds_the_dataset_by_its_key(hub: None, tmp_path: Path) -> None:
    make_dataset("lights", schema=None, identifiers=["15000001"], **RICH)
    row = {"목록키": "15000001", "목록명": "가로등 현황", "제공기관": "한빛시", "업데이트 주기": "연간"}
    carry_out(plan_intake(file(tmp_path / "list.csv", list(row), list(row.values()))))
    after = describe(Dataset.objects.get(slug="lights"))
    assert (after["title"], after["frequency"]) == ({"ko": "가로등 현황", "en": "Air quality"}, "annual")
    assert after["distributions"] == RICH["distributions"]


def test_all_that_is_wrong_is_said_at_once_and_nothing_is_written(hub: None, tmp_path: Path) -> None:
    path = file(
        tmp_path / "t.csv",
        ["slug", "title_ko", "theme", "colour"],
        ["parking", "", "nope", ""],
        ["new", "새 것", "energy", ""],
    )
    before = Change.objects.count()
    with pytest.raises(BadTable) as caught:
        plan_intake(path)
    assert [place.en for place, _text in caught.value.problems] == [
        "row 1, column colour (D1)",
        "row 2, column title_ko (B2)",
        "row 2, column theme (C2)",
        "row 3, column description_ko",
        "row 3, column organisation",
        "row 3, column licence",
        "row 3, column access_level",
    ]
    assert Change.objects.count() == before


def test_columns_of_served_records_stay(hub: None, tmp_path: Path) -> None:
    columns = json.dumps([{"name": "a", "type": "string"}])
    [planned] = plan_intake(file(tmp_path / "t.csv", ["slug", "columns"], ["air", columns])).datasets
    assert (planned.outcome, planned.changes) == (Outcome.UNCHANGED, [])
    assert "the columns stay" in planned.remarks[0].en


@pytest.mark.parametrize(
    ("content", "name"), [('[{"id": 1}]', "keti"), ("slug\na\n", "table"), ("목록명,제공기관\n", "datagokr")]
)
def test_the_format_is_told_by_what_is_in_the_file(tmp_path: Path, content: str, name: str) -> None:
    path = tmp_path / "file"
    path.write_text(content, encoding="utf-8")
    assert find_format(path) == name


def test_another_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadDocument, match="neither the head 'slug'"):
        plan_intake(file(tmp_path / "t.csv", ["a", "b"], ["1", "2"]))


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("import_catalogue", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_shows_what_would_change_and_changes_nothing(hub: None, tmp_path: Path) -> None:
    path = file(tmp_path / "t.csv", ["slug", "frequency"], ["parking", "monthly"], ["air", "daily"])
    shown = run(str(path), "--dry-run")
    assert "~ parking  대기질 측정\n    갱신 주기 (frequency): daily → monthly\n" in shown
    assert "0 created, 2 changed, 0 unchanged (nothing was written)" in shown
    assert describe(Dataset.objects.get(slug="parking"))["frequency"] == "daily"
    assert "0 created, 2 changed, 0 unchanged\n" in run(str(path))
    assert describe(Dataset.objects.get(slug="parking"))["frequency"] == "monthly"


def test_the_command_says_what_is_wrong_in_both_languages(hub: None, tmp_path: Path) -> None:
    path = file(tmp_path / "t.csv", ["slug", "frequency"], ["parking", "sometimes"])
    with pytest.raises(CommandError, match=r"2행 frequency 열 \(B2\)(.|\n)*row 2, column frequency \(B2\)"):
        run(str(path))
    with pytest.raises(CommandError, match="there is no file"):
        run(str(tmp_path / "none.csv"))
