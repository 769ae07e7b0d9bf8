"""Which of the forms at hand a client would have (RFC 9110, 12.5.1): the nearest range decides, then its quality, then our order."""

from collections.abc import Sequence


def prefer(header: str, offered: Sequence[str]) -> str | None:
    """Return the media type of ``offered`` that an ``Accept`` header likes best, None when it takes none of them.

    Parameters of a range but its quality make no difference: who asks for Turtle in UTF-8 has it.
    """
    ranges = read_ranges(header) or {"*/*": 1.0}
    best = max(offered, key=lambda media_type: quality_of(media_type, ranges), default=None)
    return best if best is not None and quality_of(best, ranges) > 0 else None


def quality_of(media_type: str, ranges: dict[str, float]) -> float:
    family = media_type.partition("/")[0]
    return next((ranges[name] for name in (media_type, f"{family}/*", "*/*") if name in ranges), 0.0)


def read_ranges(header: str) -> dict[str, float]:
    """Return the quality of each media range; what cannot be read is no range."""
    ranges: dict[str, float] = {}
    for part in header.split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        if "/" in name:
            ranges[name.lower()] = max(ranges.get(name.lower(), 0.0), read_quality(parameters))
    return ranges


def read_quality(parameters: Sequence[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            try:
                return min(max(float(value), 0.0), 1.0)
            except ValueError:
                return 0.0
    return 1.0
