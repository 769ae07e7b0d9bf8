"""Where the tables of the vocabularies are read from: the folder shipped here, and a hub's own folder in front of it.

A hub loads the full list of regions into its own folder (``manage.py load_regions``); such a table takes the place of the
shipped one. Readers that keep what they made of a table name themselves in ``on_change``.
"""

import csv
from collections.abc import Callable, Mapping
from pathlib import Path

SHIPPED = Path(__file__).parent / "vocabularies"

Row = Mapping[str, str]

folders: list[Path] = [SHIPPED]
forgetters: list[Callable[[], None]] = []


def use_folder(path: Path | str | None) -> None:
    """Read tables from ``path`` before the shipped ones; None goes back to the shipped ones alone."""
    folders[:] = [Path(path), SHIPPED] if path else [SHIPPED]
    for forget in forgetters:
        forget()


def on_change(forget: Callable[[], None]) -> None:
    """Have ``forget`` called whenever another folder is used."""
    forgetters.append(forget)


def read_table(name: str) -> list[Row]:
    """Return the rows of a table, in its own order."""
    return read_csv(next(folder / f"{name}.csv" for folder in folders if (folder / f"{name}.csv").exists()))


def read_csv(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
