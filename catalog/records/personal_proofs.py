"""Proofs that what looks like personal data is some (checksums, days, letters), and what is left of it when it is masked."""

import datetime as dt
import re
from collections.abc import Callable, Sequence

Match = re.Match[str]
HIDDEN = "***"
RANDOM_SINCE = dt.date(2020, 10, 1)  # residents' numbers issued since then have no checksum and tell no place
STREETS = "로구도"  # letters of plates that are streets, districts and provinces too
COUNTED = "호조주부"  # and those that number rooms and articles and count weeks and copies
YEAR = re.compile(r"(?:19|20)\d\d-")


def always(match: Match) -> bool:
    return True


def is_corporation(match: Match) -> bool:
    """Tell whether it is a corporate registration number, which is public, and cannot be a person's."""
    return is_corporate_sum(digits_of(match)) and not is_personal(digits_of(match))


def is_resident(match: Match) -> bool:
    """Tell whether checksum and birthday are right, and it cannot be a corporation's."""
    is_corporate = re.fullmatch(r"\d{6}-\d{7}", match[0]) is not None and is_corporate_sum(digits_of(match))
    return is_personal(digits_of(match)) and not is_corporate


def is_both(match: Match) -> bool:
    """Tell whether a number may be a person's or a corporation's; one in ten of either is so."""
    return is_corporate_sum(digits_of(match)) and is_personal(digits_of(match))


def is_young_resident(match: Match) -> bool:
    """Tell whether it is the number of somebody born since numbers have no checksum."""
    birth = birth_of(digits_of(match))
    return birth is not None and birth >= RANDOM_SINCE


def has_birth(match: Match) -> bool:
    return birth_of(digits_of(match)) is not None


def is_card(match: Match) -> bool:
    """Tell whether the digits pass Luhn's test and are not one digit over and over."""
    digits = digits_of(match)
    odd = len(digits) % 2
    total = sum(sum(divmod(2 * digit, 10)) if place % 2 == odd else digit for place, digit in enumerate(digits))
    return total % 10 == 0 and len(set(digits)) > 1


def is_licence(match: Match) -> bool:
    """Tell whether the first two digits are those of a region that issues driver's licences."""
    return 11 <= int(match[0][:2]) <= 28


def is_passport(match: Match) -> bool:
    """Tell whether it is neither a year and a serial with a letter before them nor a number that counts up from nothing."""
    return not match[0].startswith(("19", "20", "000"), 1)


def is_plate(match: Match) -> bool:
    """Tell whether it is a plate and no address, room or count; ``516로 3114`` is a house of the road 516로."""
    if match["region"]:
        return True
    if match["gap"] or match["space"]:
        before = match.string[match.start() - 1 : match.start()]
        return match["letter"] not in STREETS + COUNTED and not "가" <= before <= "힣"
    return match["letter"] not in STREETS or match.span() == (0, len(match.string))


def is_account(match: Match) -> bool:
    """Tell whether there are as many digits as accounts have; what begins with a year, or a business's number, is none."""
    is_business = re.fullmatch(r"\d{3}-\d\d-\d{5}", match[0]) is not None
    return 10 <= len(digits_of(match)) <= 14 and not is_business and not YEAR.match(match[0])


def digits_of(match: Match) -> list[int]:
    return [int(character) for character in match[0] if character.isdigit()]


def is_personal(digits: Sequence[int]) -> bool:
    """Tell whether birthday and checksum are those of a resident, or (from 5 on at the seventh place) of a foreigner."""
    total = sum(digit * weight for digit, weight in zip(digits, (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5), strict=False))
    is_summed = ((13 if digits[6] > 4 else 11) - total % 11) % 10 == digits[12]
    return is_summed and 1 <= digits[6] <= 8 and birth_of(digits) is not None


def is_corporate_sum(digits: Sequence[int]) -> bool:
    total = sum(digit * (1 + place % 2) for place, digit in enumerate(digits[:12]))
    return (10 - total % 10) % 10 == digits[12]


def birth_of(digits: Sequence[int]) -> dt.date | None:
    """Return the birthday that a number tells, None for one that has not been."""
    century = 1900 if digits[6] in (1, 2, 5, 6) else 2000
    try:
        day = dt.date(century + 10 * digits[0] + digits[1], 10 * digits[2] + digits[3], 10 * digits[4] + digits[5])
    except ValueError:
        return None
    return day if day <= dt.date.today() else None


def stars(head: int, tail: int = 0) -> Callable[[str], str]:
    """Return a mask that leaves so many letters and digits at both ends; what parts them stays."""

    def mask(text: str) -> str:
        places = [place for place, character in enumerate(text) if character.isalnum()]
        hidden = set(places[head : len(places) - tail])
        return "".join("*" if place in hidden else character for place, character in enumerate(text))

    return mask


def mask_phone(text: str) -> str:
    """Hide the digits between the first and the last ones: ``010-****-5678``."""
    count = sum(character.isdigit() for character in text)
    return stars(3 if count == 10 else count - 8, 4)(text)


def mask_plate(text: str) -> str:
    return f"{text[:-4]}****"


def mask_mail(text: str) -> str:
    return f"{text[0]}{HIDDEN}@{text.partition('@')[2]}"
