"""Phone numbers for made-up people: valid mobiles for phonenumbers, of ranges kept free for
fiction where a country has one, plainly patterned elsewhere. The n-th is always the same."""

from __future__ import annotations


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


#: Area codes of the United States: 555-0100 to 555-0199 is for fiction in each.
_AREAS = _words(
    "201 202 203 205 206 207 208 209 210 212 213 214 215 216 217 218 219 224 225 228 229 231 234 "
    "239 240 248 251 252 253 254 256 260 262 267 269 270 276 281 283 301 302 303 304 305 307 308 "
    "309 310 312 313 314 315 316 317 318 319 320 321 323 325 330 331 334 336 337 339 347 351 352"
)
_FICTION = 100 * len(_AREAS)
#: 07700 900000 to 900999 is Ofcom's range for drama.
_DRAMA = 1_000


def spain(n: int) -> str:
    """+34 600 xxx xxx."""
    return f"+34600{n % 1_000_000:06d}"


def andorra(n: int) -> str:
    """+376 3xx xxx, then 6xx xxx (of the short kind)."""
    return f"+3763{n:05d}" if n < 100_000 else f"+3766{n % 100_000:05d}"


def britain(n: int) -> str:
    """+44 7700 900xxx, then +44 7400 xxxxxx."""
    return f"+447700900{n:03d}" if n < _DRAMA else f"+447400{n % 1_000_000:06d}"


def america(n: int) -> str:
    """+1 xxx 555-01xx, then further numbers of exchange 555."""
    if n < _FICTION:
        return f"+1{_AREAS[n // 100]}55501{n % 100:02d}"
    rest = n - _FICTION
    return f"+1{_AREAS[rest % len(_AREAS)]}555{200 + rest // len(_AREAS) % 9_800:04d}"


BY_COUNTRY = {"ES": spain, "AD": andorra, "GB": britain, "US": america}
