"""What a marketer might type instead of a fact or besides it, in the three languages."""

from __future__ import annotations

#: Fact → language → words that keep the sentence going without saying the fact.
VAGUE: dict[str, dict[str, str]] = {
    "discount": {"en": "a good discount", "es": "un buen descuento", "ca": "un bon descompte"},
    "ends_on": {"en": "the end of the month", "es": "fin de mes", "ca": "final de mes"},
    "code": {"en": "the usual code", "es": "el código de siempre", "ca": "el codi de sempre"},
    "shop": {"en": "our website", "es": "nuestra web", "ca": "la nostra web"},
    "moves_on": {"en": "the start of May", "es": "principios de mayo", "ca": "primers de maig"},
    "new_address": {"en": "the new place", "es": "el nuevo local", "ca": "el nou local"},
    "phone": {"en": "the usual number", "es": "el número de siempre", "ca": "el número de sempre"},
    "page": {"en": "our website", "es": "nuestra web", "ca": "la nostra web"},
}

#: Tag → language → one sentence that brings a value nobody declared.
STRANGERS: dict[str, dict[str, str]] = {
    "amount": {
        "en": "Delivery is free from €30.",
        "es": "El envío es gratis desde 30 €.",
        "ca": "L’enviament és gratis a partir de 30 €.",
    },
    "amount with cents": {
        "en": "Pots from £4.95.",
        "es": "Macetas desde 4,95 €.",
        "ca": "Testos des de 4,95 €.",
    },
    "amount by name": {
        "en": "A voucher of 15 euros awaits you.",
        "es": "Te espera un vale de 15 euros.",
        "ca": "T’espera un val de 15 euros.",
    },
    "percent": {
        "en": "Members get 10% more.",
        "es": "Los socios tienen un 10 % más.",
        "ca": "Els socis tenen un 10 % més.",
    },
    "date": {
        "en": "Open again on 15 April 2032.",
        "es": "Volvemos a abrir el 15 de abril de 2032.",
        "ca": "Tornem a obrir el 15 d’abril del 2032.",
    },
    "short date": {
        "en": "Ends 15/04.",
        "es": "Acaba el 15/4.",
        "ca": "S’acaba el 15/4.",
    },
    "code": {
        "en": "Or use the code HELLO10.",
        "es": "O usa el código HOLA10.",
        "ca": "O fes servir el codi HOLA10.",
    },
    "address": {
        "en": "More at https://shop.example.com/outlet.",
        "es": "Más en https://shop.example.com/outlet.",
        "ca": "Més a https://shop.example.com/outlet.",
    },
    "phone": {
        "en": "Questions? Call +34 600 000 999.",
        "es": "¿Dudas? Llama al +34 600 000 999.",
        "ca": "Dubtes? Truca al +34 600 000 999.",
    },
}

#: Tag → language → amounts in words.
IN_WORDS: dict[str, dict[str, str]] = {
    "percent": {
        "en": "Members get ten percent more.",
        "es": "Los socios tienen un diez por ciento más.",
        "ca": "Els socis tenen un deu per cent més.",
    },
    "half": {
        "en": "Pots at half price.",
        "es": "Macetas a mitad de precio.",
        "ca": "Testos a meitat de preu.",
    },
    "money": {
        "en": "Delivery for five euros.",
        "es": "Envío por cinco euros.",
        "ca": "Enviament per cinc euros.",
    },
    "deal": {
        "en": "Pots: three for two.",
        "es": "Macetas: tres por dos.",
        "ca": "Testos: tres per dos.",
    },
}

#: Language → a harmless sentence, for making texts long.
FILLER = {
    "en": " We have pots in every size and seeds for every balcony.",
    "es": " Tenemos macetas de todos los tamaños y semillas para cada balcón.",
    "ca": " Tenim testos de totes les mides i llavors per a cada balcó.",
}

SHOUTS = {
    "en": ("Come and see!", "BUY NOW while you can", "Spring 🌱 is here"),
    "es": ("¡Ven a verlo!", "COMPRA AHORA mientras puedas", "Primavera 🌱 en casa"),
    "ca": ("Vine a veure-ho!", "COMPRA ARA mentre puguis", "Primavera 🌱 a casa"),
}

#: Language → the brand's avoided terms, as somebody would type them.
AVOIDED = {
    "en": ("cheap pots", "Cheap", "CLICK HERE", "click here for more", "your last chance"),
    "es": ("muy barato", "Barato", "Haz clic aquí", "haz clic aquí para más", "última oportunidad"),
    "ca": ("molt barat", "Barat", "Fes clic aquí", "fes clic aquí per a més", "última oportunitat"),
}

MISWRITTEN = ("BROTANELL", "brotanell", "Brotanel", "Whatsapp", "WhatsAPP")

LEFT_OVER = (
    "TODO: check with the shop",
    "Lorem ipsum dolor sit amet",
    "[NAME]",
    "*|FNAME|*",
    "XXX",
    "%%first_name%%",
    "<NAME>",
    "[link]",
    "TBD",
    "???",
    "{{ }}",
    "{name}",
)
