"""What is found for 150 questions, judged by hand: precision and recall are printed and may not fall."""

import re
import unicodedata
import uuid

import pytest
from django.contrib.auth.models import AnonymousUser
from judged_queries import NOTHING, QUERIES
from judged_titles import CONFORMANCE, all_titles

from catalog.models import Dataset, Organisation
from catalog.search import Query, find, index_datasets
from catalog.search.bits import entries_of

pytestmark = pytest.mark.django_db
KOREAN = re.compile("[가-힣]")


def test_judged_questions_find_what_is_relevant_and_little_else(capsys: pytest.CaptureFixture[str]) -> None:
    titles = all_titles()
    title_of_entry = index_titles(titles)
    precisions, recalls, worst = [], [], []
    for question, pattern in QUERIES:
        relevant = {title for title in titles if re.search(pattern, unicodedata.normalize("NFC", title), re.IGNORECASE)}
        found = {title_of_entry[entry] for entry in entries_of(find(Query(text=question), AnonymousUser()).entries)}
        right = len(found & relevant)
        precisions.append(right / len(found) if found else float(not relevant))
        if relevant:
            recalls.append(right / len(relevant))
        if found != relevant:
            worst.append((question, sorted(found - relevant)[:4], sorted(relevant - found)[:4]))
    precision, recall = sum(precisions) / len(precisions), sum(recalls) / len(recalls)
    with capsys.disabled():
        where = "with those of ../shared" if CONFORMANCE.is_dir() else "made up alone: ../shared is not here"
        print(
            f"\n{len(QUERIES)} questions, {len(titles)} titles ({where}): precision {precision:.3f}, recall {recall:.3f}"
        )
    report = "\n".join(f"{question}: too many {wrong}, missing {missing}" for question, wrong, missing in worst)
    assert precision >= 0.95, report
    assert recall >= 0.97, report


def test_there_are_enough_questions_and_each_is_asked_once() -> None:
    questions = [question for question, _ in QUERIES]
    assert len(questions) == len(set(questions)) >= 150
    assert any(pattern == NOTHING for _, pattern in QUERIES)


def index_titles(titles: list[str]) -> dict[int, str]:
    """Index datasets that have nothing to be found by but their title; return the title of each entry."""
    organisation = Organisation.objects.create(slug="nobody", name_ko="갑")
    by_key = {uuid.uuid4(): title for title in titles}
    for number, (key, title) in enumerate(by_key.items()):
        language = "title_ko" if KOREAN.search(title) else "title_en"
        Dataset.objects.create(
            id=key, slug=f"{number:07}", organisation=organisation, theme="x", licence="x", **{language: title[:1000]}
        )
    index_datasets(Dataset.objects.all())
    return {
        entry: by_key[key] for entry, key in Dataset.objects.values_list("search_entry__id", "pk") if entry is not None
    }
