"""Names for the columns of a source: those of the standard data models where they are known, else in Latin letters."""

from collections import Counter
from collections.abc import Mapping, Sequence

from catalog.standard.data_models import (
    data_model,
    data_models,
    known_names,
    plain_name,
    suggest_columns,
    suggest_model,
)
from catalog.standard.romanise import romanise

ENOUGH = 0.3  # of the columns known to a model, and it fits
TELLING, FEW_MODELS = 2, 3  # so many columns must be of those that only a few models know
AGREED = 2  # models that call a column the same, and others may


def fitting_model(sources: Sequence[str]) -> str:
    """Return the data model that most columns belong to, "" when none fits; a name and a place fit all of them."""
    for name, share in suggest_model(sources):
        known = known_names(data_model(name))
        telling = [one for one in map(plain_name, sources) if one in known and models_that_know(one) <= FEW_MODELS]
        if share >= ENOUGH and len(telling) >= TELLING:
            return name
    return ""


def models_that_know(plain: str) -> int:
    return sum(plain in known_names(model) for model in data_models().values())


def name_columns(sources: Sequence[str]) -> Mapping[str, str]:
    """Return a name for each column that is not in Latin letters already, and for those that a model knows."""
    model = fitting_model(sources)
    names = suggest_columns(sources, data_model(model)) if model else {}
    for source in sources:
        if source in names or not has_hangul(source):
            continue
        common = name_in_models(source)
        names[source] = common if common and common not in names.values() else romanise(source)
    return names


def name_in_models(source: str) -> str:
    """Return what several data models call a column of this name."""
    known = Counter(
        names[plain_name(source)] for names in map(known_names, data_models().values()) if plain_name(source) in names
    )
    name, times = known.most_common(1)[0] if known else ("", 0)
    return name if times >= AGREED else ""


def has_hangul(text: str) -> bool:
    return any("가" <= letter <= "힣" for letter in text)
