"""The standard in other tongues: each file reads and writes one, side by side. Plain Python."""

from catalog.exchange.dcat import from_dcat, to_dcat

__all__ = ["from_dcat", "to_dcat"]
