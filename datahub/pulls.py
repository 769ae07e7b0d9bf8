"""The first pulls of a hub as ``quickstart`` shows them; the worker does them."""

import time
from collections.abc import Callable, Sequence

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

from ingest.models import Run, Source
from ingest.runs import offer_run

PULL_SECONDS = 900
WATCH_SECONDS = 0.2
GOOD_ENDS = (Run.State.PUBLISHED, Run.State.UNCHANGED)


def offer_runs() -> list[Run]:
    """Ask for a pull of every source that lacks one or failed last time; return these and those under way."""
    return [
        offer_run(source) for source in Source.objects.filter(is_enabled=True, paused_at=None) if is_wanting(source)
    ]


def is_wanting(source: Source) -> bool:
    latest = source.runs.order_by("-due_at", "-id").first()
    return latest is None or not latest.is_over or latest.state == Run.State.FAILED


def watch_runs(runs: Sequence[Run], console: Console, check: Callable[[], None]) -> None:
    """Show how runs go until each has settled; ``check`` is called in between and may raise."""
    settled: set[int] = set()
    deadline = time.monotonic() + PULL_SECONDS
    columns = (SpinnerColumn(), BarColumn(), TextColumn("{task.completed}/{task.total} {task.description}"))
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task("", total=len(runs))
        while len(settled) < len(runs) and time.monotonic() < deadline:
            check()
            now = Run.objects.filter(pk__in=[run.pk for run in runs]).select_related("source")
            for run in now:
                if has_settled(run) and run.pk not in settled:
                    settled.add(run.pk)
                    console.print(line_of(run), soft_wrap=True)
            working = [f"{run.source.slug} {run.rows:,}" for run in now if run.state == Run.State.RUNNING]
            progress.update(bar, completed=len(settled), description=", ".join(working))
            time.sleep(WATCH_SECONDS)


def has_settled(run: Run) -> bool:
    """Say whether a run has ended, or failed for now and waits for its next attempt."""
    return run.is_over or (run.state == Run.State.WAITING and run.attempt > 0)


def line_of(run: Run) -> str:
    if run.state in GOOD_ENDS:
        refused = f" · {run.rejected:,} 거절 refused" if run.rejected else ""
        return f"[green]✓[/] {run.source.slug}  {run.accepted:,} 레코드 records{refused}"
    return f"[yellow]![/] {run.source.slug}  {escape(run.error_ko)}\n  {escape(run.error_en)}"
