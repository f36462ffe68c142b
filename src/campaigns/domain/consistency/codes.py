"""Codes, such as PRIMAVERA20.

Decisions:
- A code is five or more capitals, digits, hyphens and underscores, of which three or more are
  letters and one or more a digit: COVID-19, HTML5, SPF50, 500ML and their like are known not to be.
- After a word for code (`el código PRIMAVERA`, `the code SPRING`) letters alone are enough,
  and so are small letters with a digit, or in quotation marks.
- So it is before the words for paying (`WELCOME at checkout`), and after `enter` and `redeem`.
  Digits alone are one after a word for code, from four on: a postal code is none, nor is an
  amount (`a voucher: 1000 €`).
- A declared code is found whatever it looks like. So is what has its shape (letters and digits in
  the same places) and, where it has a digit, what differs in capitals only: the campaign's own code
  with a slip in it. `SPRING 25` is such a slip of SPRING20, and so is `#SPRING25`.
- What else stands inside a link, a mail address, a handle or a hashtag is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from campaigns.domain.consistency.amounts import amounts_at
from campaigns.domain.consistency.lexicon import Lexicon
from campaigns.domain.consistency.mentions import Asked, Kind, Mention

_MARKS: Final = "_-"
_LONGEST: Final = 40
_SHORTEST_NUMBER: Final = 4
_TYPICAL: Final = re.compile(r"(?=.{5,40}$)(?=.*\d)(?=(?:.*[A-Z]){3})[A-Z0-9]+(?:[_-][A-Z0-9]+)*")
_UNITS: Final = (
    "ML|CL|L|KG|G|GR|MG|CM|MM|M|KM|W|KW|KWH|V|MAH|GB|TB|MB|HZ|MHZ|GHZ|P|PX|H|MIN|HP|CV|ST|ND|RD|TH"
    "|HORAS?|HORES|HOURS?|D[IÍ]AS?|DIES|DAYS?|A[NÑ]OS?|ANYS?|YEARS?|EUROS?|EUR|USD|GBP|UNIDADES"
    "|UDS?|PACK|SEGUNDOS?|MESES|MESOS|MONTHS?|PCS|PIECES|PEÇAS|PIEZAS"
)
_HARMLESS: Final = re.compile(
    r"COVID-?\d+|SARS-?COV-?\d|HTML\d|SPF-?\d+|ISO[-_]?\d+(?:-\d+)*|UTF-?\d+|DIN-?A?\d+|SHA-?\d+"
    r"|WI-?FI-?\d|CR\d{4}|(?:XBOX|RTX|GTX)-?\d+|EAN-?\d+|FAT\d+|ANSI-?\d+|NFPA-?\d+|RGPD-?\d*"
    rf"|\d+-?(?:{_UNITS})|\d+X\d+(?:X\d+)?(?:{_UNITS})?|(?:Q|T|S|H)\d-?\d+|A[NÑ]O-?\d+|TOP-?\d+"
    r"|WINDOWS-?\d+|OFFICE-?\d+|FORMULA-?\d|F[OÓ]RMULA-?\d|VITAMINA?-?[A-Z]?\d+|OMEGA-?\d"
)
_CUE: Final = re.compile(
    r"(?<!\w)(?i:c[oóò]d(?:ig[oi]|i|e)|cup[oó]n?|coupon|voucher|promocode|gutschein(?:code)?|codice)"
    r"(?:\s(?i:promocional|de descuento|de descompte|promo|n[ro]\.?|n[úu]m\.?|n\.?º))?"
    r"(?:\s?:|\s(?i:es|és|is|ist|est|era)(?!\w))?\s{0,3}[\"“«'(]?(?P<code>[A-Z0-9][A-Z0-9_-]{2,39}"
    r"|(?=[\w-]*\d)[A-Za-z][A-Za-z0-9_-]{3,39}"
    r"|(?<=[\"“«'])[a-z]{4,20}(?=[\"”»']))(?!\w)"
)
_CUE_WORDS: Final = ("cod", "cód", "còd", "cup", "coup", "voucher", "gutschein")
#: Before a word for code: what is no code to type.
_OF_PLACES: Final = re.compile(r"(?i:postal|post|zip|area|dialling|country|bar|qr)[\s-]?$")
_CAPITALS: Final = r"(?P<{}>[A-Z][A-Z0-9]{{4,39}}|[a-z][a-z-]{{2,26}}\d{{1,4}})"
#: A code without a word for it, known by what one does with it.
_USED: Final = re.compile(
    rf"(?<![\w#@/.-])(?:{_CAPITALS.format('paid')}\s(?i:at (?:the )?(?:checkout|till|counter)"
    r"|when you (?:pay|order|check out)|al (?:pagar|comprar)|en (?:la caja|el carrito)"
    r"|quan (?:paguis|compris)|en pagar|a la cistella|an der kasse|beim bezahlen|à la caisse"
    r"|alla cassa|ao pagar)(?!\w)"
    r"|(?i:enter|apply|redeem|introduce|introdueix|canjea|bescanvia)\s"
    rf"{_CAPITALS.format('entered')}(?![\w-]))"
)
_NOT_CODES_TEXT: Final = (
    "QR PIN IBAN BIC HTML SMS EAN CIF NIF NIE SEPA URL PDF PUK CVV CVC "
    "PAYPAL BIZUM KLARNA MAESTRO MASTERCARD AMERICAN EXPRESS CONTACTLESS"
)
_NOT_CODES: Final = frozenset(_NOT_CODES_TEXT.split())


def declared_codes(text: str, asked: Asked) -> Iterator[Mention]:
    """The declared codes that have a letter, written exactly so."""
    for code in asked.codes:
        if not code.isdecimal():
            for match in _exactly(code).finditer(text):
                yield Mention(Kind.CODE, match[0], "", *match.span())


def parted_codes(text: str, asked: Asked) -> Iterator[Mention]:
    """The declared codes with a space in them, or as a hashtag with other digits."""
    for code in asked.codes:
        parted = _parted(code)
        for match in parted.finditer(text) if parted else ():
            if match[0] != f"#{code}":
                yield Mention(Kind.CODE, match[0], "", *match.span())


def cued_codes(text: str, low: str, words: Lexicon) -> Iterator[Mention]:
    """The codes after a word for code, and those that the words around them tell."""
    if any(word in low for word in _CUE_WORDS):
        for match in _CUE.finditer(text):
            if not match[0].isupper() and _is_a_code(match, text, words):
                yield Mention(Kind.CODE, match["code"], "", *match.span("code"))
    for match in _USED.finditer(text):
        group = "paid" if match["paid"] else "entered"
        is_known = match[group] in _NOT_CODES or _HARMLESS.fullmatch(match[group])
        if not is_known and not match[0].isupper():
            yield Mention(Kind.CODE, match[group], "", *match.span(group))


def _is_a_code(match: re.Match[str], text: str, words: Lexicon) -> bool:
    code, at = match["code"], match.start()
    if not code.isdecimal():
        return code not in _NOT_CODES
    return (
        len(code) >= _SHORTEST_NUMBER
        and not _OF_PLACES.search(text, max(0, at - 12), at)
        and not amounts_at(text, match.start("code"), words)
    )


def codes_at(text: str, at: int, asked: Asked) -> tuple[Mention, ...]:
    """The code around the digit at `at`."""
    start, end = at, at
    while start and at - start <= _LONGEST and _is_token(text[start - 1]):
        start -= 1
    while end < len(text) and end - at <= _LONGEST and _is_token(text[end]):
        end += 1
    while end > at and text[end - 1] in _MARKS:
        end -= 1
    token = text[start:end].lstrip(_MARKS)
    start = end - len(token)
    if len(token) > _LONGEST or _goes_on(text, start, end):
        return ()
    if not (_is_declared(token, asked.codes) or _is_typical(token)):
        return ()
    return (Mention(Kind.CODE, token, "", start, end),)


def _is_token(character: str) -> bool:
    return character.isascii() and (character.isalnum() or character in _MARKS)


def _goes_on(text: str, start: int, end: int) -> bool:
    before, after = text[start - 1 : start], text[end : end + 1]
    return (bool(before) and (before.isalnum() or before in "@#/")) or after.isalnum()


def _is_declared(token: str, codes: tuple[str, ...]) -> bool:
    return any(
        token.casefold() == code.casefold() or (_shape(token) == _shape(code) and _mixed(code))
        for code in codes
    )


def _mixed(code: str) -> bool:
    return any(c.isdigit() for c in code) and any(c.isalpha() for c in code)


@lru_cache(maxsize=1024)
def _shape(token: str) -> str:
    return "".join(
        "9" if c.isdigit() else "A" if c.isupper() else "a" if c.islower() else c for c in token
    )


def _is_typical(token: str) -> bool:
    return bool(_TYPICAL.fullmatch(token)) and not _HARMLESS.fullmatch(token)


@lru_cache(maxsize=256)
def _parted(code: str) -> re.Pattern[str] | None:
    """`SPRING 20` and `#SPRING25` for SPRING20; digits before a sign for money are an amount."""
    split = re.fullmatch(r"([^\W\d_]{3,})(\d+)", code)
    if split is None:
        return None
    letters, digits = re.escape(split[1]), rf"\d{{{len(split[2])}}}(?![\w-]|[.,]\d|\s?[%€$£])"
    return re.compile(rf"(?<![\w@#/-])(?:{letters}[ \xa0]{digits}|#{letters}{digits})")


@lru_cache(maxsize=256)
def _exactly(code: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w@#/-]){re.escape(code)}(?![\w-])")
