"""The search page: its whole state is in the address (``q``, facets, ``sort``, ``page``)."""

import dataclasses
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db.models import Count, F, Sum
from django.http import QueryDict
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog.models import Dataset, Organisation
from catalog.models.dataset import DatasetQuerySet
from catalog.portal.matches import Match, excerpt, find_matches, highlight, question_pattern
from catalog.portal.spoken import Spoken, say
from catalog.search import count_facets, match_all, match_text, narrow
from catalog.standard import FIELD, label_of

PAGE_SIZE = 20
SHOWN_OPTIONS = 8  # of a facet; the rest opens on demand
QUESTION_LENGTH = 200
SHOWN_FACETS = ("theme", "organisation", "region", "access_level")
SORTS: Mapping[str, tuple[str, tuple]] = {
    "relevance": (gettext_lazy("Best match"), ("-rank", "-modified_at", "slug")),
    "updated": (gettext_lazy("Latest update"), ("-modified_at", "slug")),
    "title": (gettext_lazy("By title"), ("title_ko", "slug")),
}


@dataclass(frozen=True)
class State:
    """What the address asks for: a question, chosen codes by facet, an order and a page."""

    question: str = ""
    chosen: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    sort: str = ""
    page: str = ""

    @property
    def is_empty(self) -> bool:
        return not self.question and not self.chosen

    @property
    def order(self) -> str:
        return self.sort or ("relevance" if self.question else "updated")

    @property
    def address(self) -> str:
        given = [("q", self.question), *self.facet_pairs, ("sort", self.sort), ("page", self.page)]
        query = urlencode([(name, value) for name, value in given if value])
        return reverse("portal:search") + (f"?{query}" if query else "")

    @property
    def facet_pairs(self) -> list[tuple[str, str]]:
        return [(facet, code) for facet, codes in self.chosen.items() for code in codes]

    def toggled(self, facet: str, code: str) -> "State":
        """Return the state with a code chosen, or no longer chosen, on the first page."""
        codes = self.chosen.get(facet, ())
        codes = tuple(other for other in codes if other != code) if code in codes else (*codes, code)
        chosen = {name: self.chosen.get(name, ()) if name != facet else codes for name in SHOWN_FACETS}
        return dataclasses.replace(self, chosen={name: codes for name, codes in chosen.items() if codes}, page="")

    def without_facets(self) -> "State":
        return dataclasses.replace(self, chosen={}, page="")

    def asking(self, question: str) -> "State":
        return State(question=question)


def read_state(parameters: QueryDict) -> State:
    """Read the state from an address; what is unknown there (a newsletter's tag, say) does no harm."""
    chosen = {facet: tuple(dict.fromkeys(filter(None, parameters.getlist(facet)))) for facet in SHOWN_FACETS}
    return State(
        question=" ".join(parameters.get("q", "").replace("\x00", "").split())[:QUESTION_LENGTH],
        chosen={facet: codes for facet, codes in chosen.items() if codes},
        sort=sort if (sort := parameters.get("sort", "")) in SORTS else "",
        page=page if (page := parameters.get("page", "")).isdigit() else "",
    )


@dataclass(frozen=True)
class Link:
    """Something to follow: its words, its address, whether it is where the reader stands, and how many lie behind it."""

    label: Spoken | str
    address: str
    is_current: bool = False
    count: int | None = None


@dataclass(frozen=True)
class Facet:
    """A way to narrow the results; ``more`` are the options beyond the first few."""

    name: str
    label: Spoken
    options: Sequence[Link]
    more: Sequence[Link]


@dataclass(frozen=True)
class Card:
    """A found dataset as a list shows it."""

    dataset: Dataset
    address: str
    title: SafeString
    title_language: str
    summary: SafeString
    summary_language: str
    organisation: Spoken
    theme: Spoken
    region: Spoken
    frequency: Spoken
    licence: Spoken
    access_level: Spoken
    records: int | None
    matches: Sequence[Match]

    @property
    def is_open(self) -> bool:
        return self.dataset.access_level == "public"


@dataclass(frozen=True)
class Totals:
    datasets: int
    organisations: int
    records: int


@dataclass(frozen=True)
class Help:
    """What to try when nothing was found."""

    without_facets: Link | None
    words: Sequence[Link]


@dataclass(frozen=True)
class SearchPage:
    state: State
    page: Page
    pages: Sequence[Link | None]  # None: a gap
    previous: Link | None
    next: Link | None
    cards: Sequence[Card]
    facets: Sequence[Facet]
    chosen: Sequence[Link]
    sorts: Sequence[Link]
    totals: Totals
    help: Help | None

    @property
    def is_front(self) -> bool:
        """The page as one arrives: nothing asked, nothing chosen, the first page."""
        return self.state.is_empty and self.page.number == 1


def search_page(parameters: QueryDict, datasets: DatasetQuerySet) -> SearchPage:
    state = read_state(parameters)
    matching = find(datasets, state.question)
    found = narrow_by_choices(matching, state.chosen).order_by(*SORTS[state.order][1])
    paginator = Paginator(with_records(found), PAGE_SIZE)
    page = paginator.get_page(state.page or 1)
    names = {organisation.slug: say(organisation.name) for organisation in Organisation.objects.all()}
    return SearchPage(
        state=state,
        page=page,
        pages=page_links(state, page),
        previous=page_link(state, page.previous_page_number()) if page.has_previous() else None,
        next=page_link(state, page.next_page_number()) if page.has_next() else None,
        cards=make_cards(page.object_list, state.question),
        facets=list(make_facets(state, matching, names)),
        chosen=[
            Link(label_for(facet, code, names), state.toggled(facet, code).address) for facet, code in state.facet_pairs
        ],
        sorts=[
            Link(label, dataclasses.replace(state, sort=name, page="").address, name == state.order)
            for name, (label, _columns) in SORTS.items()
            if state.question or name != "relevance"
        ],
        totals=count_totals(datasets),
        help=None if page.object_list else make_help(state, datasets),
    )


def find(datasets: DatasetQuerySet, question: str) -> DatasetQuerySet:
    return match_text(datasets, question) if question else match_all(datasets)


def narrow_by_choices(datasets: DatasetQuerySet, chosen: Mapping[str, Iterable[str]]) -> DatasetQuerySet:
    """Return the datasets that have one of the chosen codes in every facet that has any."""
    for facet, codes in chosen.items():
        datasets = narrow(datasets, facet, codes)
    return datasets


def with_records(datasets: DatasetQuerySet) -> DatasetQuerySet:
    return datasets.select_related("organisation", "distribution__current_snapshot").defer(
        "search_title", "search_text"
    )


def make_facets(state: State, matching: DatasetQuerySet, names: Mapping[str, Spoken]) -> Iterable[Facet]:
    """Yield the facets with counts; a facet's own choice does not narrow its counts, so that more can be chosen."""
    narrowed = count_facets(narrow_by_choices(matching, state.chosen))
    for facet in SHOWN_FACETS:
        counts = narrowed[facet]
        if facet in state.chosen:
            others = {name: codes for name, codes in state.chosen.items() if name != facet}
            counts = count_facets(narrow_by_choices(matching, others))[facet]
            counts |= {code: 0 for code in state.chosen[facet] if code not in counts}
        options = [
            Link(
                label_for(facet, code, names),
                state.toggled(facet, code).address,
                code in state.chosen.get(facet, ()),
                count,
            )
            for code, count in counts.items()
        ]
        if options:
            if len(options) > SHOWN_OPTIONS:
                options.sort(key=lambda option: not option.is_current)  # no chosen one is folded away
            yield Facet(facet, say(FIELD[facet].label), options[:SHOWN_OPTIONS], options[SHOWN_OPTIONS:])


def label_for(facet: str, code: str, names: Mapping[str, Spoken]) -> Spoken | str:
    return names.get(code, code) if facet == "organisation" else say(label_of(facet, code))


def make_cards(datasets: Iterable[Dataset], question: str = "") -> list[Card]:
    pattern = question_pattern(question)
    return [make_card(dataset, pattern) for dataset in datasets]


def make_card(dataset: Dataset, pattern: re.Pattern[str] | None = None) -> Card:
    title, description = say(dataset.title), say(dataset.description)
    snapshot = dataset.current_snapshot
    return Card(
        dataset=dataset,
        address=reverse("portal:dataset", args=[dataset.slug]),
        title=highlight(title.text, pattern),
        title_language=title.language,
        summary=excerpt(description.text, pattern),
        summary_language=description.language,
        organisation=say(dataset.organisation.name),
        theme=say(label_of("theme", dataset.theme)),
        region=say(label_of("region", dataset.region)),
        frequency=say(label_of("frequency", dataset.frequency)),
        licence=say(label_of("licence", dataset.licence)),
        access_level=say(label_of("access_level", dataset.access_level)),
        records=snapshot.records if snapshot else None,
        matches=find_matches(dataset, pattern) if pattern and not pattern.search(title.text) else (),
    )


def page_links(state: State, page: Page) -> list[Link | None]:
    paginator = page.paginator
    if paginator.num_pages == 1:
        return []
    return [
        None if number == paginator.ELLIPSIS else page_link(state, number, is_current=number == page.number)
        for number in paginator.get_elided_page_range(page.number, on_each_side=2, on_ends=1)
    ]


def page_link(state: State, number: int, *, is_current: bool = False) -> Link:
    address = dataclasses.replace(state, page=str(number) if number > 1 else "").address
    return Link(str(number), address, is_current)


def count_totals(datasets: DatasetQuerySet) -> Totals:
    """Count what the hub holds in all, as far as the reader may see it."""
    counted = datasets.order_by().aggregate(
        datasets=Count("id"),
        organisations=Count("organisation", distinct=True),
        records=Sum(F("distribution__current_snapshot__records")),
    )
    return Totals(counted["datasets"], counted["organisations"], counted["records"] or 0)


def make_help(state: State, datasets: DatasetQuerySet) -> Help:
    """Say which looser questions would find something."""
    wider = find(datasets, state.question).count() if state.chosen else 0
    words = state.question.split()
    counted = [(word, find(datasets, word).count()) for word in dict.fromkeys(words)] if len(words) > 1 else []
    return Help(
        without_facets=Link(_("Search without filters"), state.without_facets().address, count=wider)
        if wider
        else None,
        words=[
            Link(_("Search only for “%(word)s”") % {"word": word}, state.asking(word).address, count=count)
            for word, count in counted
            if count
        ],
    )
