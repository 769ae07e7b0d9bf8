"""Units that measure the same: how much one is of another. Codes are those of UCUM (unitsofmeasure.org)."""

from collections.abc import Mapping
from fractions import Fraction

# code: (what it measures, how much of the first unit of its kind)
UNITS: Mapping[str, tuple[str, Fraction]] = {
    "m": ("length", Fraction(1)),
    "km": ("length", Fraction(1000)),
    "cm": ("length", Fraction(1, 100)),
    "mm": ("length", Fraction(1, 1000)),
    "m2": ("area", Fraction(1)),
    "km2": ("area", Fraction(10**6)),
    "har": ("area", Fraction(10**4)),
    "m3": ("volume", Fraction(1)),
    "L": ("volume", Fraction(1, 1000)),
    "s": ("time", Fraction(1)),
    "ms": ("time", Fraction(1, 1000)),
    "min": ("time", Fraction(60)),
    "h": ("time", Fraction(3600)),
    "d": ("time", Fraction(86400)),
    "m/s": ("speed", Fraction(1)),
    "km/h": ("speed", Fraction(5, 18)),
    "g": ("mass", Fraction(1)),
    "kg": ("mass", Fraction(1000)),
    "t": ("mass", Fraction(10**6)),
    "g/m3": ("concentration", Fraction(1)),
    "mg/m3": ("concentration", Fraction(1, 1000)),
    "ug/m3": ("concentration", Fraction(1, 10**6)),
    "1": ("share", Fraction(1)),
    "%": ("share", Fraction(1, 100)),
    "[ppm]": ("share", Fraction(1, 10**6)),
    "[ppb]": ("share", Fraction(1, 10**9)),
    "Pa": ("pressure", Fraction(1)),
    "hPa": ("pressure", Fraction(100)),
    "kPa": ("pressure", Fraction(1000)),
    "mbar": ("pressure", Fraction(100)),
    "W": ("power", Fraction(1)),
    "kW": ("power", Fraction(1000)),
    "mW": ("power", Fraction(1, 1000)),
    "W.h": ("energy", Fraction(3600)),
    "kW.h": ("energy", Fraction(3_600_000)),
    "J": ("energy", Fraction(1)),
    "MJ": ("energy", Fraction(10**6)),
    "W/m2": ("irradiance", Fraction(1)),
    "MJ/m2": ("radiant exposure", Fraction(1)),
}


def factor_between(unit: str, wanted: str) -> Fraction | None:
    """Return what values in ``unit`` are multiplied by to be in ``wanted``; None when they measure something else.

    Values without a unit are taken as they are.
    """
    if unit == wanted or not unit or not wanted:
        return Fraction(1)
    known, asked = UNITS.get(unit), UNITS.get(wanted)
    if known is None or asked is None or known[0] != asked[0]:
        return None
    return known[1] / asked[1]
