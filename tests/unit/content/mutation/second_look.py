# ruff: noqa: E501 - faults are quoted whole
"""Faults by hand, of a second look by somebody who had not seen the first: adversarial.py holds
those. Each of these went unnoticed when it was first tried.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.unit.content.mutation.adversarial import added
from tests.unit.content.mutation.fault import Fault
from tests.unit.content.mutation.shipped import Place, copy_file, replaced, text_at, with_text

SPRING, MOVES = "spring_sale", "shop_moves"
HTML = "layouts/email.html.j2"

#: Kind → sentences added to a paragraph of the sale: language, sentence.
_ADDED: dict[str, list[tuple[str, str]]] = {
    "amount, second look": [
        ("en", "Members get ②⑤% off."),
        ("en", "Members get ❷❺% off."),
        ("en", "Seeds at 1/2 price."),
        ("en", "Seeds at 1/3 off."),
        ("en", "A fifth off seeds."),
        ("en", "Seeds are a quarter cheaper."),
        ("en", "Seeds cost half as much."),
        ("es", "Semillas a medio precio."),
        ("es", "Un quinto de descuento en semillas."),
        ("ca", "Llavors a mig preu."),
        ("en", "Seeds from 9.99."),
        ("en", "Seeds for only 19,-."),
        ("en", "Now 19.95 instead of 29.95."),
        ("es", "Semillas desde 9,99."),
        ("ca", "Llavors per 9,50."),
        ("en", "Seeds from ₺20."),
        ("en", "Seeds from 20 ₽."),
        ("en", "Seeds from kr 20."),
        ("en", "Seeds from 20 Kč."),
        ("en", "Seeds for 1000円."),
        ("en", "Seeds for 20 yen."),
        ("en", "Save eur 5."),
        ("es", "Ahorra Eur5."),
    ],
    "deal, second look": [
        ("en", "Seeds: BOGO."),
        ("en", "Buy 2, get 1 free."),
        ("en", "Buy two and get another free."),
        ("en", "Seeds 2+1 free."),
        ("en", "The second one is free."),
        ("es", "Lleva 3 y paga 2."),
        ("es", "Compra dos y llévate tres."),
        ("es", "Semillas, 3 al precio de 2."),
        ("es", "Semillas, tres al precio de dos."),
        ("es", "La segunda unidad gratis."),
        ("ca", "Emporta’t 3 i paga 2."),
        ("ca", "La segona unitat de franc."),
    ],
    "date, second look": [
        ("en", "Ends 2032/3/30."),
        ("en", "Ends 30 march."),
        ("en", "Ends march 30."),
        ("en", "Ends 30 März 2032."),
        ("es", "Acaba el 30.3."),
        ("es", "Acaba el 30.03."),
        ("ca", "Fins al 30.03."),
        ("en", "Open until 6 o'clock."),
        ("en", "Ends at the end of March."),
        ("en", "Until the end of the month."),
        ("en", "Only 3 days left."),
        ("en", "48 hours only."),
        ("en", "This week only."),
        ("en", "Until Easter."),
        ("es", "Hasta fin de mes."),
        ("es", "Quedan 3 días."),
        ("es", "Solo 48 horas."),
        ("es", "Hasta Navidad."),
        ("ca", "Queden 3 dies."),
        ("ca", "Fins a finals de mes."),
    ],
    "code, second look": [
        ("en", "Or PRIMAVERA 25."),
        ("en", "Or PRIMAVERA 20."),
        ("en", "#PRIMAVERA25"),
        ("en", "Enter WELCOME to get more."),
        ("en", "Say WELCOME at checkout."),
        ("en", "Say welcome10 at checkout."),
        ("en", "Code: 12345."),
        ("en", "Coupon no. 4711."),
        ("es", "Di BIENVENIDA al pagar."),
        ("es", "Cupón núm. 4711."),
        ("ca", "Digues BENVINGUDA quan paguis."),
    ],
}  # fmt: skip

#: A paragraph changed: kind, language, place, old, new.
_CHANGED: list[tuple[str, str, Place, str, str]] = [
    ("fallback in its sentence", "en", ("body", 2), "{{ customer.points | or_else(0) }} points", "{{ customer.points | or_else(50) }}% off"),
    ("fallback in its sentence", "en", ("body", 2), "{{ customer.points | or_else(0) }} points", "€{{ customer.points | or_else(50) }}"),
    ("fallback in its sentence", "es", ("body", 2), "{{ customer.points | or_else(0) }} puntos", "{{ customer.points | or_else(5) }} euros"),
    ("fallback in its sentence", "en", ("body", 1), "{{ customer.nearest_shop | or_else('any of our shops') }}", "our shop, until {{ customer.nearest_shop | or_else('30') }} March"),
    ("fallback in its sentence", "ca", ("body", 1), "{{ customer.nearest_shop | or_else('qualsevol de les nostres botigues') }}", "{{ customer.nearest_shop | or_else('PRIMAVERA') }}25"),
]  # fmt: skip

_GREETING, _BODY = "<p>{{ copy.greeting }}</p>", "<p>{{ paragraph }}</p>"

#: Kind, campaign, name, old, new: in the layout of the e-mail.
_EDITED: list[tuple[str, str, str, str, str]] = [
    *(
        ("stranger out of sight, second look", SPRING, name, _GREETING, f"{new}{_GREETING}")
        for name, new in (
            ("microdata", '<div itemscope itemtype="https://schema.org/DiscountOffer"><meta itemprop="description" content="50% off"></div>'),
            ("microdata of a code", '<div itemscope><meta itemprop="discountCode" content="WINTER30"></div>'),
            ("aria-description", '<p aria-description="50% off">See our pots.</p>'),
            ("summary", '<table role="presentation" summary="50% off"><tr><td></td></tr></table>'),
        )
    ),
    *(
        ("fact out of sight, second look", MOVES, name, _BODY, f'<p style="{style}">{{{{ paragraph }}}}</p>')
        for name, style in (
            ("em", "font-size: 0.1em"),
            ("percent", "font-size: 0%"),
            ("font", "font: 0/0 a"),
            ("alpha", "color: #0000"),
            ("collapsed", "visibility: collapse"),
        )
    ),
]  # fmt: skip

#: What need only be told as a warning: see vague-date.
_WARNS = (
    "the end of", "3 days", "48 ho", "only.", "Easter", "de mes", "3 días", "Navidad", "3 dies",
)  # fmt: skip


def second_look() -> Iterator[Fault]:
    """Everything of this module."""
    yield from added(_ADDED, lambda sentence: any(words in sentence for words in _WARNS))
    for kind, language, place, old, new in _CHANGED:
        file = copy_file(SPRING, language)
        text = text_at(file, place)
        assert old in text, (old, text)
        yield Fault(
            kind, f"{language}/{new}", SPRING, file,
            with_text(file, place, text.replace(old, new, 1)),
            "customers without a value read something else",
        )  # fmt: skip
    for kind, campaign, name, old, new in _EDITED:
        yield Fault(kind, name, campaign, HTML, replaced(HTML, old, new), name)
