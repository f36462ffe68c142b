"""The facts of the shipped campaigns, written wrongly in ways that happen."""

from __future__ import annotations

from collections.abc import Iterator

_LANGUAGES = ("en", "es", "ca")

_PERCENT = {
    "another": {"en": "25%", "es": "25 %", "ca": "25 %"},
    "one digit": {"en": "21%", "es": "21 %", "ca": "21 %"},
    "a digit less": {"en": "2%", "es": "2 %", "ca": "2 %"},
    "a digit more": {"en": "200%", "es": "200 %", "ca": "200 %"},
    "with decimals": {"en": "20.5%", "es": "20,5 %", "ca": "20,5 %"},
    "swapped": {"en": "02%", "es": "02 %", "ca": "02 %"},
    "money": {"en": "€20", "es": "20 €", "ca": "20 €"},
    "dollars": {"en": "$20", "es": "20 dólares", "ca": "20 dòlars"},
    "words, same value": {
        "en": "twenty percent",
        "es": "veinte por ciento",
        "ca": "vint per cent",
    },
    "words, another": {
        "en": "twenty-five per cent",
        "es": "veinticinco por ciento",
        "ca": "vint-i-cinc per cent",
    },
}
#: 31 March 2032. English serves two locales, so that no written-out date is right for both.
_ENDS_ON = {
    "day": {"en": "30 March 2032", "es": "30 de marzo de 2032", "ca": "30 de març del 2032"},
    "digits swapped": {
        "en": "13 March 2032",
        "es": "13 de marzo de 2032",
        "ca": "13 de març del 2032",
    },
    "month": {"en": "31 May 2032", "es": "31 de mayo de 2032", "ca": "31 de maig del 2032"},
    "last year": {
        "en": "31 March 2031",
        "es": "31 de marzo de 2031",
        "ca": "31 de març del 2031",
    },
    "next year": {
        "en": "March 31, 2033",
        "es": "31 de marzo de 2033",
        "ca": "31 de març del 2033",
    },
    "numeric, another": {"en": "30/03/2032", "es": "30/03/2032", "ca": "30/3/2032"},
    "format, another language": {
        "en": "31 de marzo de 2032",
        "es": "31 de març del 2032",
        "ca": "31 de marzo de 2032",
    },
    "format, English": {"en": "31 March 2032", "es": "31 March 2032", "ca": "March 31, 2032"},
    "format, numeric of the US": {"en": "03/31/2032", "es": "03/31/2032", "ca": "3/31/2032"},
    "words, same value": {
        "en": "the thirty-first of March",
        "es": "treinta y uno de marzo",
        "ca": "trenta-u de març",
    },
}
#: 3 May 2032: in numbers it reads as 5 March elsewhere.
_MOVES_ON = {
    "day": {"en": "4 May 2032", "es": "4 de mayo de 2032", "ca": "4 de maig del 2032"},
    "month": {"en": "3 June 2032", "es": "3 de junio de 2032", "ca": "3 de juny del 2032"},
    "year": {"en": "3 May 2031", "es": "3 de mayo de 2031", "ca": "3 de maig del 2031"},
    "day and month swapped": {"en": "5/3/2032", "es": "5/3/2032", "ca": "5/3/2032"},
    "another day, short": {"en": "13 May", "es": "13 de mayo", "ca": "13 de maig"},
    "format, another language": {
        "en": "3 de mayo de 2032",
        "es": "3 de maig del 2032",
        "ca": "3 de mayo de 2032",
    },
    "format, English": {"en": "May 3, 2032", "es": "May 3, 2032", "ca": "3 May 2032"},
    "words, same value": {
        "en": "the third of May",
        "es": "tres de mayo",
        "ca": "tres de maig",
    },
}
_CODE = {
    "digit": "PRIMAVERA21",
    "without digits": "PRIMAVERA",
    "letter for zero": "PRIMAVERA2O",
    "in two": "PRIMAVERA 20",
    "in small letters": "primavera20",
    "typing slip": "PRIMAVREA20",
    "last year's": "PRIMAVERA19",
    "another": "HIVERN20",
    "a digit more": "PRIMAVERA200",
}
_SHOP = {
    "old page": "https://shop.example.com/winter",
    "typing slip": "https://shop.example.com/sprign",
    "longer": "https://shop.example.com/spring/pots",
    "home page": "https://shop.example.com/",
    "another own host": "https://news.example.com/spring",
    "link, another domain": "https://shop.example.org/spring",
    "link, look-alike": "https://shop.examp1e.com/spring",
    "link, look-alike in Cyrillic": "https://shop.exаmple.com/spring",
    "link, hyphen": "https://shop-example.com/spring",
    "link, longer domain": "https://shop.example.com.deals.example/spring",
    "link, user part": "https://shop.example.com@deals.example/spring",
    "link, http": "http://shop.example.com/spring",
    "link, no scheme": "shop.example.org/spring",
    "link, shortened": "https://lnk.example/x7",
}
_PHONE = {
    "digit": "+34 600 000 121",
    "digits swapped": "+34 600 000 210",
    "another country": "+376 600 000 120",
    "digit lost": "+34 600 000 12",
    "another, local form": "600 000 121",
}
_ADDRESS = {
    "digit": "Carrer Inventat 13",
    "digits swapped": "Carrer Inventat 21",
    "another street": "Carrer Imaginari 12",
    "translated": "Calle Inventada 12",
    "without number": "Carrer Inventat",
}


def alterations(fact: str, language: str) -> Iterator[tuple[str, str]]:
    """Tag and literal of each wrong way to write a fact in a language."""
    match fact:
        case "discount" | "ends_on" | "moves_on":
            tables = {"discount": _PERCENT, "ends_on": _ENDS_ON, "moves_on": _MOVES_ON}
            yield from ((tag, written[language]) for tag, written in tables[fact].items())
        case "page":
            yield from ((tag, url.replace("spring", "moving")) for tag, url in _SHOP.items())
        case _:
            tables_of_one = {
                "code": _CODE,
                "shop": _SHOP,
                "phone": _PHONE,
                "new_address": _ADDRESS,
            }
            yield from tables_of_one[fact].items()
