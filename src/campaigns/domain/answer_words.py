"""What is said by itself: help, and the confirmation of an opt-out, in the customer's language.

CTIA asks of both: who writes, how to get help, how to stop; and no offer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from campaigns.domain.answer import AnswerKind

_WORDS: Final[Mapping[str, Mapping[AnswerKind, str]]] = {
    "en": {
        AnswerKind.HELP: "{brand}: we write about our shop and our offers. Questions: {contact}. "
        "To get no more messages here, write STOP.",
        AnswerKind.CONFIRMATION: "{brand}: understood, we will send you no more offers here. This "
        "is our last message. To get them again, write START. Questions: {contact}.",
    },
    "es": {
        AnswerKind.HELP: "{brand}: te escribimos sobre nuestra tienda y nuestras ofertas. "
        "Preguntas: {contact}. Para no recibir más mensajes aquí, escribe BAJA.",
        AnswerKind.CONFIRMATION: "{brand}: entendido, no te enviaremos más ofertas por aquí. Este "
        "es el último mensaje. Para volver a recibirlas, escribe ALTA. Preguntas: {contact}.",
    },
    "ca": {
        AnswerKind.HELP: "{brand}: t'escrivim sobre la nostra botiga i les nostres ofertes. "
        "Preguntes: {contact}. Per no rebre més missatges aquí, escriu BAIXA.",
        AnswerKind.CONFIRMATION: "{brand}: entesos, no t'enviarem més ofertes per aquí. Aquest és "
        "l'últim missatge. Per tornar-ne a rebre, escriu ALTA. Preguntes: {contact}.",
    },
}


def said(kind: AnswerKind, locale: str, *, brand: str, contact: str) -> str:
    """The text of an automatic answer; in English where the language is none of ours."""
    language = locale.replace("-", "_").partition("_")[0]
    words = _WORDS.get(language, _WORDS["en"])[kind]
    return words.format(brand=brand, contact=contact)
