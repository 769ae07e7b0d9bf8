"""Does a contact point look like a person? The standard wants an office; only what is certain is refused.

Certain: a name with a rank behind it and no office in it ("김한빛 주무관"), and a mobile telephone. Anything else that speaks
of persons (a private mail service, "담당자") is a hint.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from catalog.standard.forms import Broken

# Ranks and posts that follow the name of one person in Korean offices.
RANKS = "주무관|사무관|서기관|행정관|연구사|연구관|지도사|주사보|주사|실무관|주임|대리"
SURNAMES = (
    "김이박최정강조윤장임한오서신권황안송류유전홍고문양손배백허남심노하곽성차주우구민나진지엄채원천방공현함변염여추도소석선설마길"
    "연위표명기반왕금옥육인맹제모탁국어은편용"
)
NAMED = re.compile(rf"[{SURNAMES}][가-힣]{{1,2}}\s+(?:{RANKS})님?\Z")
OFFICE = re.compile(r"[과팀실국센터부처소원청단회사관학교]\Z")
WORDS_FOR_PERSONS = re.compile(rf"담당자|담당관님|(?:{RANKS})\b|\b(?:Mr|Ms|Mrs|Dr)\.? |[가-힣]\s*(?:씨|님)\Z")
MOBILE = re.compile(r"(?:\+82[-. ]?|0)1[016789][-. ]?\d{3,4}[-. ]?\d{4}\Z")
# fmt: off
PRIVATE_MAIL = frozenset({
    "naver.com", "daum.net", "hanmail.net", "kakao.com", "nate.com", "korea.com", "chol.com", "empas.com", "dreamwiz.com",
    "gmail.com", "googlemail.com", "hotmail.com", "outlook.com", "live.com", "yahoo.com", "yahoo.co.kr", "icloud.com",
    "me.com", "qq.com", "163.com", "gmx.de", "gmx.net", "web.de", "t-online.de", "protonmail.com", "proton.me",
})
# fmt: on


def check_contact(contact: Mapping[str, Any]) -> Iterator[Broken]:
    """Yield what makes a contact point look like a person; its form has been checked before."""
    name = contact.get("name")
    texts = name.values() if isinstance(name, Mapping) else ()
    for language_text in texts:
        text = str(language_text).strip()
        if is_named(text):
            yield Broken("person-as-contact", "name", {"value": text})
        elif WORDS_FOR_PERSONS.search(text):
            yield Broken("contact.maybe-person", "name", {"value": text})
    phone = str(contact.get("phone") or "").strip()
    if MOBILE.match(phone):
        yield Broken("person-as-contact", "phone", {"value": phone})
    mail = str(contact.get("email") or "")
    if mail.rpartition("@")[2].lower() in PRIVATE_MAIL:
        yield Broken("contact.personal-mail", "email", {"value": mail})


def is_named(text: str) -> bool:
    """Tell whether a text is a personal name with a rank; "정보과 주무관" names an office and is none."""
    return bool(NAMED.match(text)) and not OFFICE.search(text.split()[0])
