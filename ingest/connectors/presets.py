"""What is known of a platform, in ``ingest/presets/<name>.toml``: values of a connector's configuration that lie below the given ones.

``title`` and ``connector`` (``envelope`` when it says none) are the preset's own; all else is in the form of the connector's
``Config``. A preset may name another one below itself. Given values lie on top: tables are merged name by name, all else is
replaced, and a table of another ``kind`` replaces the whole.
"""

import functools
import tomllib
from collections.abc import Mapping
from pathlib import Path

from ingest.errors import Text

PRESETS = Path(__file__).parents[1] / "presets"
USUAL = "envelope"


@functools.cache
def preset_names(connector: str = USUAL) -> tuple[str, ...]:
    """Return the names of the presets of a connector."""
    names = sorted(path.stem for path in PRESETS.glob("*.toml"))
    return tuple(name for name in names if load_preset(name).get("connector", USUAL) == connector)


def preset_title(name: str) -> Text:
    """Return what people call the platform of a preset."""
    return Text(**load_preset(name)["title"])


def on_preset(given: Mapping[str, object], connector: str = USUAL) -> Mapping[str, object]:
    """Return a configuration on top of the preset that it names; one that is not known is left for ``known_preset``."""
    name = given.get("preset")
    return merge(read_preset(name), given) if isinstance(name, str) and name in preset_names(connector) else given


def known_preset(name: str | None, connector: str = USUAL) -> str | None:
    """Return the name of a preset of the connector; ValueError when it has none of the name."""
    if name is not None and name not in preset_names(connector):
        raise ValueError(f"unknown preset '{name}'; allowed: {', '.join(preset_names(connector))}")
    return name


@functools.cache
def read_preset(name: str) -> Mapping[str, object]:
    """Return a preset with those below it merged in; ``preset`` then names it alone."""
    own = {key: value for key, value in load_preset(name).items() if key not in ("title", "connector")}
    given, below = with_long_columns(own), own.get("preset")
    return {**(merge(read_preset(str(below)), given) if below else given), "preset": name}


@functools.cache
def load_preset(name: str) -> Mapping[str, object]:
    return tomllib.loads((PRESETS / f"{name}.toml").read_text(encoding="utf-8"))


def merge(below: Mapping[str, object], above: Mapping[str, object]) -> dict[str, object]:
    """Return both tables as one; what is above counts, and tables of one kind are merged name by name."""
    merged = dict(below)
    for name, value in above.items():
        under = merged.get(name)
        if isinstance(value, Mapping) and isinstance(under, Mapping):
            is_other_kind = "kind" in value and value["kind"] != under.get("kind")
            merged[name] = dict(value) if is_other_kind else merge(under, value)
        else:
            merged[name] = value
    return merged


def with_long_columns(config: Mapping[str, object]) -> dict[str, object]:
    """Write a column given as its path alone in its long form, so that tables of columns can be merged."""
    columns = config.get("columns")
    if not isinstance(columns, Mapping):
        return dict(config)
    long = {name: {"path": column} if isinstance(column, str) else column for name, column in columns.items()}
    return {**config, "columns": long}
