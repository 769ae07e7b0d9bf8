"""Names of places in Latin letters by the Revised Romanization of Korean (2000): 종로구 → Jongno-gu.

Sounds change where syllables meet (강릉 → Gangneung), never across the hyphen before 도, 시, 군, 구, 읍, 면, 리, 동, 가. Readings that a
dictionary alone knows (added ㄴ, tensed consonants) are not told, as the rules want it for the latter.
"""

FIRST = ("g", "kk", "n", "d", "tt", "r", "m", "b", "pp", "s", "ss", "", "j", "jj", "ch", "k", "t", "p", "h")
MIDDLE = (
    *("a", "ae", "ya", "yae", "eo", "e", "yeo", "ye", "o", "wa", "wae"),
    *("oe", "yo", "u", "wo", "we", "wi", "yu", "eu", "ui", "i"),
)
LAST = ("", *"ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ")
INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
SILENT = "ㅇ"

# How a final sounds at rest, and before a vowel (then it begins the next syllable).
AT_REST = {
    "": "", "ㄱ": "k", "ㄲ": "k", "ㄳ": "k", "ㄴ": "n", "ㄵ": "n", "ㄶ": "n", "ㄷ": "t", "ㄹ": "l", "ㄺ": "k", "ㄻ": "m",
    "ㄼ": "l", "ㄽ": "l", "ㄾ": "l", "ㄿ": "p", "ㅀ": "l", "ㅁ": "m", "ㅂ": "p", "ㅄ": "p", "ㅅ": "t", "ㅆ": "t", "ㅇ": "ng",
    "ㅈ": "t", "ㅊ": "t", "ㅋ": "k", "ㅌ": "t", "ㅍ": "p", "ㅎ": "",
}  # fmt: skip
BEFORE_VOWEL = {
    "ㄱ": "g", "ㄲ": "kk", "ㄳ": "ks", "ㄴ": "n", "ㄵ": "nj", "ㄶ": "n", "ㄷ": "d", "ㄹ": "r", "ㄺ": "lg", "ㄻ": "lm", "ㄼ": "lb",
    "ㄽ": "ls", "ㄾ": "lt", "ㄿ": "lp", "ㅀ": "r", "ㅁ": "m", "ㅂ": "b", "ㅄ": "ps", "ㅅ": "s", "ㅆ": "ss", "ㅇ": "ng", "ㅈ": "j",
    "ㅊ": "ch", "ㅋ": "k", "ㅌ": "t", "ㅍ": "p", "ㅎ": "",
}  # fmt: skip
# What a final at rest and the next initial become together, where they do not stay as they are.
MEETING = {
    ("k", "ㄴ"): "ngn", ("k", "ㄹ"): "ngn", ("k", "ㅁ"): "ngm",
    ("t", "ㄴ"): "nn", ("t", "ㄹ"): "nn", ("t", "ㅁ"): "nm",
    ("p", "ㄴ"): "mn", ("p", "ㄹ"): "mn", ("p", "ㅁ"): "mm",
    ("n", "ㄹ"): "ll", ("l", "ㄴ"): "ll", ("l", "ㄹ"): "ll",
    ("m", "ㄹ"): "mn", ("ng", "ㄹ"): "ngn",
}  # fmt: skip
SUFFIXES = "도시군구읍면리동가"


def romanise_place(name: str) -> str:
    """Write the name of a region with a capital and a hyphen before its kind; each word of the name for itself."""
    return " ".join(romanise_word(word) for word in name.split())


def romanise_word(word: str) -> str:
    if len(word) > 1 and word[-1] in SUFFIXES:
        return f"{romanise(word[:-1]).capitalize()}-{romanise(word[-1])}"
    return romanise(word).capitalize()


def romanise(text: str) -> str:
    """Write Korean text in Latin letters, in small letters; what is not Hangul stays."""
    written, final = "", ""
    for sign in text:
        if not "가" <= sign <= "힣":
            written, final = f"{written}{AT_REST[final]}{sign}", ""
            continue
        place = ord(sign) - ord("가")
        initial, vowel = INITIALS[place // 588], MIDDLE[place % 588 // 28]
        written += join(final, initial) + vowel
        final = LAST[place % 28]
    return written + AT_REST[final]


def join(final: str, initial: str) -> str:
    """Write a final consonant and the initial that follows it, changed where they meet."""
    if initial == SILENT:
        return BEFORE_VOWEL.get(final, "")
    rest = AT_REST[final]
    return MEETING.get((rest, initial)) or rest + FIRST[INITIALS.index(initial)]
