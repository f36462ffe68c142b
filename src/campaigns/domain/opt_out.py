"""What a reply asks for: to stop, to start again, help, or something else; on any channel.

Sources: TCPA (47 CFR 64.1200(a)(10): revoked by any reasonable words), CTIA (STOP, HELP),
GDPR art. 7.3 (to withdraw is as easy as to give), LSSI art. 22. So the mistake to avoid is reading
a no as something else: what may be one is UNCLEAR, which suppresses too and goes to a person.
The words are in `opt_out_words`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from campaigns.domain.folding import fold, own_words
from campaigns.domain.opt_out_words import (
    ALL,
    AUTOMATIC,
    ERASURE,
    HELP,
    HINTS,
    HOLDS,
    INNOCENT,
    NOT_A_NO,
    PERHAPS,
    PHRASES,
    POLITE,
    START,
    STOP,
)


class Wish(StrEnum):
    """What a reply asks for."""

    OPT_OUT = "opt_out"
    UNCLEAR = "unclear"
    ERASURE = "erasure"  # to be erased: silence at once, and a person does the rest
    OPT_IN = "opt_in"
    HELP = "help"
    OTHER = "other"
    AUTOMATIC = "automatic"  # an absence note: no person wrote it


@dataclass(frozen=True, slots=True)
class Reading:
    """A reply, read.

    Attributes:
        everywhere: the customer said 'all': e-mail, texts and messages alike.
        words: what the customer wrote, without quoted mail and signature.
    """

    wish: Wish
    everywhere: bool
    words: str


def read_reply(text: str, *, subject: str = "", automatic: bool = False) -> Reading:
    """Read a reply of any channel in any shipped language. `automatic`: its headers say so."""
    words = own_words(text)
    folded, about = fold(words), fold(_RE.sub("", subject.strip()))
    if automatic or _is_automatic(folded, about):
        return Reading(Wish.AUTOMATIC, everywhere=False, words=words)
    wish = _wish(folded or about)
    if wish is Wish.OTHER and _exact(about) in (Wish.OPT_OUT, Wish.OPT_IN):
        wish = _exact(about)
    says_no = wish in (Wish.OPT_OUT, Wish.UNCLEAR)
    # "Re: 20% off everything" are our words, and no wish of theirs to hear nothing anywhere; a
    # subject that asks for something, as "Re: stop all", is theirs.
    ours = folded and _RE.match(subject.strip()) and _wish(about) is Wish.OTHER
    theirs = "" if ours else about
    everywhere = wish is Wish.ERASURE or (says_no and _says_all(f"{folded} {theirs}"))
    return Reading(wish, everywhere, words)


def _wish(folded: str) -> Wish:
    exact = _exact(folded)
    if exact is not Wish.OTHER:
        return exact
    rest = NOT_A_NO.sub(" ", folded)
    if ERASURE.search(rest):
        return Wish.ERASURE
    if PHRASES.search(rest):
        return Wish.OPT_OUT
    rest = INNOCENT.sub(" ", rest)
    if HINTS.search(rest) or any(part in rest.replace(" ", "") for part in HOLDS):
        return Wish.UNCLEAR
    return Wish.OTHER


def _exact(folded: str) -> Wish:
    """A text that is nothing but one known word, courtesies aside: 'STOP, please!!'."""
    bare = " ".join(word for word in folded.split() if word not in POLITE)
    # Joined before bare: `un-subscribe` must not lose its first half as a Spanish article.
    for said in (folded, folded.replace(" ", ""), bare, bare.replace(" ", "")):
        for wish, known in _EXACT:
            if said in known or _unrepeated(said) in known:
                return wish
    return Wish.OTHER


def _unrepeated(text: str) -> str:
    """'stooop' as 'stop'."""
    return _RUN.sub(r"\1", text)


def _is_automatic(folded: str, about: str) -> bool:
    return bool(AUTOMATIC.search(folded[:200]) or AUTOMATIC.search(about))


def _says_all(folded: str) -> bool:
    return bool(ALL.search(folded))


_EXACT = ((Wish.OPT_OUT, STOP), (Wish.OPT_IN, START), (Wish.HELP, HELP), (Wish.UNCLEAR, PERHAPS))
_RUN = re.compile(r"(.)\1+")
_RE = re.compile(r"^(?:\s*(?:re|rv|rif|aw|fwd?|r)\s*:)+", re.IGNORECASE)
