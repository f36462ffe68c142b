"""A person's text made comparable: one spelling for all spellings, and only their own words."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

#: A reply is read so far; nobody hides a no behind four pages.
_LONGEST: Final = 4_000
_QUOTE_BEGINS: Final = re.compile(
    r"^(?:"
    r"(?:>|\|)|"  # quoted lines
    r"-{2,}\s*(?:original message|mensaje original|missatge original|message d.origine|"
    r"urspr.ngliche nachricht|forwarded message|mensaje reenviado)|"
    r"_{8,}|-{8,}|"
    r"(?:from|de|von|da|enviado el|sent|date|fecha|data)\s*:\s.*@|"
    r"(?:from|de|von)\s*:\s*.+<[^>]+>|"
    r"on\b.{4,200}\bwrote\s*:|"
    r"el\b.{4,200}\b(?:escribi[oó]|va escriure|ha escrit)\s*:|"
    r"(?:le|am|il)\b.{4,200}\b(?:a [eé]crit|schrieb.*|ha scritto)\s*:|"
    r".{0,200}<[^>@\s]+@[^>]+>\s*(?:wrote|escribi[oó]|va escriure|escreveu)?\s*:\s*$"
    r")",
    re.IGNORECASE,
)
_SIGNATURE: Final = re.compile(
    r"^(?:--\s*$|sent from my |sent from |get outlook for |"
    r"enviado desde |enviat des d|enviado do meu |obtener outlook|envoy[eé] de(?:puis)? mon |"
    r"von meinem .* gesendet|inviato da)",
    re.IGNORECASE,
)
#: Letters that look like Latin ones. NFKC knows full-width and mathematical letters, not these.
_LOOKALIKES: Final = str.maketrans(
    dict(
        zip(
            "абвгԁеёзіїјкӏмнорԛсѕтуԝхүɡαβεηικμνορτυχωςσƒɑ",
            "abbrdeeziijklmhopqcstywxygabenikmvoptuxwscfa",
            strict=True,
        )
    )
)
#: Digits and signs that stand for letters, within a word: ST0P, 5TOP, $top, st@p.
_LEET: Final = str.maketrans("013457$@!", "oieastsai")
_LETTERS: Final = re.compile(r"[^\W_]+")
_WORD: Final = re.compile(r"[^\s]+")
_APOSTROPHES: Final = re.compile("[’‘`´ʼ']")
_SPACED: Final = re.compile(r"\b(?:\w ){2,}\w\b")


def own_words(text: str) -> str:
    """What the person wrote: without the mail that is quoted below it, and without a signature."""
    kept: list[str] = []
    lines = text[:_LONGEST].replace("\r\n", "\n").split("\n")
    for number, line in enumerate(lines):
        bare = line.strip().lstrip("*").strip()
        joined = f"{bare} {lines[number + 1].strip()}" if number + 1 < len(lines) else bare
        if _SIGNATURE.match(bare) or _QUOTE_BEGINS.match(bare) or _wraps(bare, joined):
            if any(kept_line.strip() for kept_line in kept):
                break
            continue  # an answer below the quotation
        kept.append(line)
    return "\n".join(kept).strip()


def _wraps(line: str, joined: str) -> bool:
    """'On … wrote:' broken over two lines, as mail programs do."""
    begins = line[:3].casefold().strip()
    return begins in ("on", "el", "le", "am", "il") and bool(_QUOTE_BEGINS.match(joined))


def fold(text: str) -> str:
    """Lower case, no accents, no punctuation, no emoji, look-alikes as what they look like,
    letters set apart joined: words with single spaces between."""
    text = unicodedata.normalize("NFKC", text).casefold().translate(_LOOKALIKES)
    text = unicodedata.normalize("NFD", text)
    text = "".join(c for c in text if unicodedata.category(c) not in ("Mn", "Cf", "Me"))
    text = text.replace("ß", "ss").replace("ł", "l").replace("ø", "o").replace("·", "")
    text = _WORD.sub(lambda m: _plain_word(m[0]), text)
    words = _LETTERS.findall(_APOSTROPHES.sub(" ", text))
    return _SPACED.sub(lambda m: m[0].replace(" ", ""), " ".join(words))


def _plain_word(word: str) -> str:
    """Digits as letters where the word has letters too: `24h` stays, for it begins with digits."""
    core = word.strip(".,;:!?¡¿()\"'«»…*_-")
    if any(c.isalpha() for c in core) and re.search(r"[a-z][0134570$@!]+[a-z]|^[5$]t|^\$", core):
        return core.translate(_LEET)
    return word
