"""Celery's doors of the catalogue: each task calls one function, is done, and may run twice without harm."""

from celery import shared_task
from django.utils import timezone

from catalog.exports import forget_exports
from catalog.files import collect_orphan_files, forget_files
from catalog.serving import build_due_indexes, collect_indexes
from catalog.write_file import write_next_file


@shared_task
def write_file() -> None:
    write_next_file()


@shared_task
def build_indexes() -> None:
    build_due_indexes()


@shared_task
def tidy_files() -> None:
    now = timezone.now()
    forget_exports(now)
    forget_files(now)
    collect_orphan_files()
    collect_indexes()
