"""A campaign with the kinds of fact that the shipped ones lack: money, days from and to, a time
with its zone, a number. It stands beside the shipped campaigns while the faults run."""

from __future__ import annotations

CAMPAIGN = "autumn"

_CAMPAIGN_YAML = """\
title: Autumn weeks
topic: offers
facts:
  discount: {percent: 15}
  least: {money: {amount: 49.50, currency: EUR}}
  weeks: {date_range: {from: 2027-10-04, to: 2027-10-17}}
  opens: {time: {at: "18:30", zone: Europe/Madrid, date: 2027-10-04}}
  pots: {number: 1200}
  code: {code: TARDOR15}
  shop: {url: "https://shop.example.com/autumn"}
must_say: [discount, least, weeks, opens, pots, code, shop]
channels: [email, whatsapp, sms, x_post]
post_locale: es_ES
expires: 2027-10-17
audience: {country: {in: [ES, GB]}}
"""

_EN = """\
subject: "{{ facts.discount }} off from {{ facts.least }}"
preheader: "{{ facts.weeks }}, with the code {{ facts.code }}."
headline: "{{ facts.discount }} off from {{ facts.least }}"
greeting: "Hello {{ customer.first_name | or_else('again') }},"
body:
  - "{{ facts.weeks }}: {{ facts.discount }} off every order from {{ facts.least }} upwards."
  - "The doors open on {{ facts.opens }}, and the first {{ facts.pots }} orders bring a pot home."
  - "Your code is {{ facts.code }}."
call_to_action: Visit the autumn shop
closing: [See you among the pots, the people at Brotanell]
short: "{{ facts.discount }} off from {{ facts.least }}, {{ facts.weeks }}, with {{ facts.code }}. \
{{ facts.pots }} pots as gifts from {{ facts.opens }}: {{ facts.shop }}"
"""

_ES = """\
subject: "{{ facts.discount }} menos desde {{ facts.least }}"
preheader: "Del {{ facts.weeks }}, con el código {{ facts.code }}."
headline: "{{ facts.discount }} de descuento desde {{ facts.least }}"
greeting: "Hola, {{ customer.first_name | or_else('aquí estamos otra vez') }}:"
body:
  - "Del {{ facts.weeks }}, {{ facts.discount }} menos en cada pedido desde {{ facts.least }}."
  - "Abrimos el {{ facts.opens }}, y los primeros {{ facts.pots }} pedidos llevan una maceta."
  - "Tu código es {{ facts.code }}."
call_to_action: Ver la tienda de otoño
closing: [Nos vemos entre macetas, el equipo de Brotanell]
short: "{{ facts.discount }} menos desde {{ facts.least }}, {{ facts.weeks }}, con \
{{ facts.code }}. {{ facts.pots }} macetas de regalo desde el {{ facts.opens }}: {{ facts.shop }}"
"""

_CA = """\
subject: "{{ facts.discount }} menys des de {{ facts.least }}"
preheader: "Del {{ facts.weeks }}, amb el codi {{ facts.code }}."
headline: "{{ facts.discount }} de descompte des de {{ facts.least }}"
greeting: "Hola, {{ customer.first_name | or_else('ja tornem a ser aquí') }}:"
body:
  - "Del {{ facts.weeks }}, {{ facts.discount }} menys en cada comanda des de {{ facts.least }}."
  - "Obrim el {{ facts.opens }}, i les primeres {{ facts.pots }} comandes porten un test."
  - "El teu codi és {{ facts.code }}."
call_to_action: Veure la botiga de tardor
closing: [Ens veiem entre testos, l’equip de Brotanell]
short: "{{ facts.discount }} menys des de {{ facts.least }}, {{ facts.weeks }}, amb \
{{ facts.code }}. {{ facts.pots }} testos de regal des del {{ facts.opens }}: {{ facts.shop }}"
"""

FILES = {
    f"campaigns/{CAMPAIGN}/campaign.yaml": _CAMPAIGN_YAML,
    f"campaigns/{CAMPAIGN}/copy.en.yaml": _EN,
    f"campaigns/{CAMPAIGN}/copy.es.yaml": _ES,
    f"campaigns/{CAMPAIGN}/copy.ca.yaml": _CA,
}

#: Fact → tag → language → how it is written wrongly.
ALTERATIONS: dict[str, dict[str, dict[str, str]]] = {
    "least": {
        "digit": {"en": "€49.90", "es": "49,90 €", "ca": "49,90 €"},
        "digits swapped": {"en": "€45.90", "es": "45,90 €", "ca": "45,90 €"},
        "without cents": {"en": "€49", "es": "49 €", "ca": "49 €"},
        "point moved": {"en": "€4.95", "es": "4,95 €", "ca": "4,95 €"},
        "point lost": {"en": "€4950", "es": "4950 €", "ca": "4950 €"},
        "pounds": {"en": "£49.50", "es": "49,50 £", "ca": "49,50 £"},
        "dollars": {"en": "$49.50", "es": "49,50 $", "ca": "49,50 $"},
        "percent": {"en": "49.5%", "es": "49,5 %", "ca": "49,5 %"},
        "format, another language": {"en": "49,50 €", "es": "€49.50", "ca": "€49.50"},
        "in words": {
            "en": "forty-nine euros",
            "es": "cuarenta y nueve euros",
            "ca": "quaranta-nou euros",
        },
    },
    "weeks": {
        "last day": {
            "en": "4 October 2027 – 18 October 2027",
            "es": "4–18 de octubre de 2027",
            "ca": "4–18 d’octubre del 2027",
        },
        "first day": {
            "en": "3 October 2027 – 17 October 2027",
            "es": "3–17 de octubre de 2027",
            "ca": "3–17 d’octubre del 2027",
        },
        "digit lost": {
            "en": "4 October 2027 – 7 October 2027",
            "es": "4–7 de octubre de 2027",
            "ca": "4–7 d’octubre del 2027",
        },
        "month": {
            "en": "4 November 2027 – 17 November 2027",
            "es": "4–17 de noviembre de 2027",
            "ca": "4–17 de novembre del 2027",
        },
        "year": {
            "en": "4 October 2026 – 17 October 2026",
            "es": "4–17 de octubre de 2026",
            "ca": "4–17 d’octubre del 2026",
        },
        "one day": {
            "en": "4 October 2027",
            "es": "4 de octubre de 2027",
            "ca": "4 d’octubre del 2027",
        },
        "format, another language": {
            "en": "4–17 de octubre de 2027",
            "es": "4 October 2027 – 17 October 2027",
            "ca": "4–17 de octubre de 2027",
        },
    },
    "opens": {
        "hour": {
            "en": "4 October 2027, 19:30 (Madrid)",
            "es": "4 de octubre de 2027, 19:30 (Madrid)",
            "ca": "4 d’octubre del 2027, 19:30 (Madrid)",
        },
        "minutes": {
            "en": "4 October 2027, 18:03 (Madrid)",
            "es": "4 de octubre de 2027, 18:03 (Madrid)",
            "ca": "4 d’octubre del 2027, 18:03 (Madrid)",
        },
        "in the morning": {
            "en": "4 October 2027, 6:30 (Madrid)",
            "es": "4 de octubre de 2027, 6:30 (Madrid)",
            "ca": "4 d’octubre del 2027, 6:30 (Madrid)",
        },
        "day": {
            "en": "5 October 2027, 18:30 (Madrid)",
            "es": "5 de octubre de 2027, 18:30 (Madrid)",
            "ca": "5 d’octubre del 2027, 18:30 (Madrid)",
        },
        "zone": {
            "en": "4 October 2027, 18:30 (London)",
            "es": "4 de octubre de 2027, 18:30 (Londres)",
            "ca": "4 d’octubre del 2027, 18:30 (Londres)",
        },
        "day alone": {
            "en": "4 October 2027",
            "es": "4 de octubre de 2027",
            "ca": "4 d’octubre del 2027",
        },
    },
    "pots": {
        "digit": {"en": "1,300", "es": "1300", "ca": "1.300"},
        "zero more": {"en": "12,000", "es": "12.000", "ca": "12.000"},
        "zero lost": {"en": "120", "es": "120", "ca": "120"},
        "digits swapped": {"en": "2,100", "es": "2100", "ca": "2.100"},
        "in words": {"en": "two thousand", "es": "dos mil", "ca": "dos mil"},
    },
}

#: What kind of fault altering a fact is.
KINDS = {
    "least": "money altered",
    "weeks": "date range altered",
    "opens": "time altered",
    "pots": "number altered",
}
