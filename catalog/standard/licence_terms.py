"""What licences of inputs leave for data that is made from them: which terms bind it, and which licence it may carry.

The terms of each licence are columns of the vocabulary ``licence``; here is what follows from them, as a table of rules.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from catalog.standard.vocabularies import label_of, vocabulary
from catalog.text import Text

VERSION = re.compile(r"(.+?)-(\d+(?:\.\d+)*)\Z")
SAID = {"true": True, "false": False}


@dataclass(frozen=True)
class Terms:
    """What a licence allows (commercial use, derivatives, training of AI) and demands; None where it does not say."""

    commercial: bool | None = None
    derivatives: bool | None = None
    attribution: bool | None = None
    share_alike: bool | None = None
    ai_training: bool | None = None

    @property
    def is_known(self) -> bool:
        return None not in (self.commercial, self.derivatives)


@dataclass(frozen=True)
class Ingredient:
    """A dataset that goes into another: its name, its licence, and whether who makes the other one owns it too."""

    name: str
    licence: str
    is_own: bool = False


@dataclass(frozen=True)
class Obstacle:
    """Why a licence does not fit an ingredient; ``blocks`` is False where the owner only contradicts itself."""

    ingredient: str
    code: str
    text: Text
    blocks: bool


@dataclass(frozen=True)
class Rule:
    """``breaks`` tells of (the licence of the derived data, its terms, the ingredient's licence, its terms)."""

    code: str
    breaks: Callable[[str, Terms, str, Terms], bool]
    text: Text
    binds_owner: bool = True


def terms_of(licence: str) -> Terms:
    """Return the terms of a licence; of one that the vocabulary does not have, nothing is known."""
    concept = vocabulary("licence").get(licence)
    if concept is None:
        return Terms()
    return Terms(**{name: SAID.get(concept.mappings.get(name, "")) for name in Terms.__dataclass_fields__})


def obstacles(licence: str, ingredients: Sequence[Ingredient]) -> list[Obstacle]:
    """Return what speaks against a licence of data made from the ingredients; what one owns binds one less."""
    own = terms_of(licence)
    found = []
    for ingredient in ingredients:
        terms = terms_of(ingredient.licence)
        for rule in RULES:
            if ingredient.is_own and not rule.binds_owner:
                continue
            if rule.breaks(licence, own, ingredient.licence, terms):
                text = rule.text.format(
                    input=ingredient.name, theirs=name_of(ingredient.licence), ours=name_of(licence)
                )
                found.append(Obstacle(ingredient.name, rule.code, text, blocks=not ingredient.is_own))
                break
    return found


def suitable_licences(ingredients: Sequence[Ingredient]) -> list[str]:
    """Return the licences that data made from the ingredients may carry, those that allow most first; none may be left."""
    fitting = [code for code in vocabulary("licence") if terms_of(code).is_known and not obstacles(code, ingredients)]
    return sorted(fitting, key=lambda code: burdens(terms_of(code)))


def burdens(terms: Terms) -> int:
    """Return how much a licence takes from whoever uses the data."""
    return 4 * (not terms.derivatives) + 2 * (not terms.commercial) + bool(terms.share_alike) + bool(terms.attribution)


def name_of(licence: str) -> Text:
    return label_of("licence", licence) if licence else Text(ko="이용허락 없음", en="no licence")


def is_other_family(licence: str, theirs: str) -> bool:
    """Tell whether a licence is neither the same nor a later version of it."""
    if licence == theirs:
        return False
    own, old = VERSION.match(licence), VERSION.match(theirs)
    return own is None or old is None or own[1] != old[1] or number_of(own[2]) < number_of(old[2])


def number_of(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


RULES: tuple[Rule, ...] = (
    Rule(
        "unknown-terms",
        lambda licence, own, theirs, terms: not terms.is_known,
        Text(
            ko="'{input}'의 이용허락({theirs})은 가공을 허락하는지 알 수 없습니다",
            en="the licence of '{input}' ({theirs}) does not say that data may be made from it",
        ),
        binds_owner=False,
    ),
    Rule(
        "no-derivatives",
        lambda licence, own, theirs, terms: not terms.derivatives,
        Text(
            ko="'{input}'의 이용허락({theirs})은 변경을 금지합니다",
            en="the licence of '{input}' ({theirs}) forbids derivatives",
        ),
        binds_owner=False,
    ),
    Rule(
        "unknown-own-terms",
        lambda licence, own, theirs, terms: not own.is_known,
        Text(
            ko="이 데이터셋의 이용허락({ours})이 무엇을 허락하는지 알 수 없어 '{input}'의 {theirs}과(와) 견줄 수 없습니다",
            en="what this dataset's licence ({ours}) allows is not known, so that it cannot be held against that of "
            "'{input}' ({theirs})",
        ),
        binds_owner=False,
    ),
    Rule(
        "share-alike",
        lambda licence, own, theirs, terms: bool(terms.share_alike) and is_other_family(licence, theirs),
        Text(
            ko="'{input}'의 이용허락({theirs})은 같은 이용허락을 요구하는데 이 데이터셋은 {ours}입니다",
            en="the licence of '{input}' ({theirs}) demands the same licence, but this dataset has {ours}",
        ),
    ),
    Rule(
        "non-commercial",
        lambda licence, own, theirs, terms: not terms.commercial and bool(own.commercial),
        Text(
            ko="'{input}'의 이용허락({theirs})은 상업적 이용을 금지하는데 {ours}은(는) 허락합니다",
            en="the licence of '{input}' ({theirs}) forbids commercial use, which {ours} allows",
        ),
    ),
    Rule(
        "attribution",
        lambda licence, own, theirs, terms: bool(terms.attribution) and not own.attribution,
        Text(
            ko="'{input}'의 이용허락({theirs})은 출처 표시를 요구하는데 {ours}은(는) 요구하지 않습니다",
            en="the licence of '{input}' ({theirs}) demands attribution, which {ours} does not",
        ),
    ),
    Rule(
        "ai-training",
        lambda licence, own, theirs, terms: bool(own.ai_training) and not terms.ai_training,
        Text(
            ko="{ours}은(는) 인공지능 학습을 자유롭게 하지만 '{input}'의 이용허락({theirs})은 그렇게 말하지 않습니다",
            en="{ours} frees training of AI, which the licence of '{input}' ({theirs}) does not say",
        ),
    ),
)
