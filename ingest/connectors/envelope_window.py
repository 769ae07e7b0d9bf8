"""What one window asks of an API told by configuration: the moments behind its places, and the values and body filled in."""

import datetime as dt
from collections.abc import Mapping

from ingest.connectors.envelope_config import Config
from ingest.connectors.envelope_template import fill
from ingest.connectors.progress import Window
from ingest.http import Session


def moments_of(window: Window, config: Config, http: Session) -> dict[str, dt.datetime]:
    """Return the moments that places stand for; what has no end is asked for up to now."""
    given = {"now": http.moment, "until": http.moment, "since": window.since}
    if isinstance(window.until, dt.datetime):
        given["until"] = window.until
    return {name: moment.astimezone(config.zone) for name, moment in given.items() if isinstance(moment, dt.datetime)}


def filled_config(window: Window, config: Config, moments: Mapping[str, dt.datetime]) -> Config:
    """Return the configuration of one window: a value to begin with is one of its values, its body is filled."""
    if config.incremental is None:
        return config
    values = dict(config.values)
    if isinstance(window.since, int | str):
        values["since"] = str(window.since)
    return config.model_copy(update={"values": values, "sent": fill_texts(config.sent, values, moments)})


def fill_texts(value: object, values: Mapping[str, str], moments: Mapping[str, dt.datetime]) -> object:
    """Return a nested value with the places of its texts filled."""
    if isinstance(value, str):
        return fill(value, values, moments)
    if isinstance(value, Mapping):
        return {name: fill_texts(part, values, moments) for name, part in value.items()}
    return [fill_texts(part, values, moments) for part in value] if isinstance(value, list) else value
