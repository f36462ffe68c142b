"""What a text says, in each locale: the words, and the values in them in their order."""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal
from typing import TypeAlias

from campaigns.domain.consistency import Clock, Day, InWords, Kind, Money, Span

Cases: TypeAlias = list[tuple[str, str, list[object]]]


def eur(amount: str) -> Money:
    return Money(Decimal(amount), "EUR")


def usd(amount: str) -> Money:
    return Money(Decimal(amount), "USD")


def gbp(amount: str) -> Money:
    return Money(Decimal(amount), "GBP")


def percent_in_words(number: int) -> InWords:
    return InWords(Kind.PERCENT, Decimal(number))


END = date(2027, 3, 31)
START = date(2027, 3, 1)
MARCH = Span(START, END)

MONEY: Cases = [
    ("es_ES", "Ahorra 1.234,50 € hoy.", [eur("1234.50")]),
    ("es_ES", "1234,50 €", [eur("1234.50")]),
    ("es_ES", "1\u202f234,50\u00a0€", [eur("1234.50")]),
    ("es_ES", "1 234,50 €", [eur("1234.50")]),
    ("es_ES", "12.345,60 €", [eur("12345.60")]),
    ("es_ES", "49,90€", [eur("49.90")]),
    ("es_ES", "desde 50 €/mes", [eur("50")]),
    ("es_ES", "€1,234.50", [eur("1234.50")]),
    ("es_ES", "EUR 1.234,50", [eur("1234.50")]),
    ("es_ES", "1.234,50 EUR", [eur("1234.50")]),
    ("es_ES", "20 euros, 1 euro", [eur("20"), eur("1")]),
    ("es_ES", "2 millones de euros", [eur("2000000")]),
    ("es_ES", "2 mil €", [eur("2000")]),
    ("es_ES", "5€50", [eur("5.50")]),
    ("es_ES", "49,- €", [eur("49")]),
    ("es_ES", "49'90 €", [eur("49.90")]),
    ("es_ES", "99 céntimos", [eur("0.99")]),
    ("es_ES", "20€30€", [eur("20"), eur("30")]),
    ("es_ES", "Antes 30 €, ahora 20 €.", [eur("30"), eur("20")]),
    ("es_ES", "de 10 a 20 €", [eur("10"), eur("20")]),
    ("es_ES", "10–20 €", [eur("10"), eur("20")]),
    ("es_ES", "10 o 20 €", [eur("10"), eur("20")]),
    ("es_ES", "1.234,50 US$", [usd("1234.50")]),
    ("es_ES", "20 dólares", [usd("20")]),
    ("es_ES", "1.234 €", [eur("1234")]),
    ("ca_ES", "Estalvia 12.345,60 € avui", [eur("12345.60")]),
    ("ca_ES", "vint, o sigui 20 €", [eur("20")]),
    ("ca_ES", "20 dòlars i 5 lliures", [usd("20"), gbp("5")]),
    ("en_GB", "€1,234.50", [eur("1234.50")]),
    ("en_GB", "Was £5, now £4.50.", [gbp("5"), gbp("4.50")]),
    ("en_GB", "£5", [gbp("5")]),
    ("en_GB", "EUR 1,234.50", [eur("1234.50")]),
    ("en_GB", "$49.90", [usd("49.90")]),
    ("en_GB", "US$49.90", [usd("49.90")]),
    ("en_GB", "50p", [gbp("0.50")]),
    ("en_GB", "£10–£20", [gbp("10"), gbp("20")]),
    ("en_GB", "£10–20 off", [gbp("10"), gbp("20")]),
    ("en_GB", "from £10 to £20", [gbp("10"), gbp("20")]),
    ("en_GB", "£5m", [gbp("5000000")]),
    ("en_GB", "1.5 million euros", [eur("1500000")]),
    ("en_GB", "CHF1,234.50", [Money(Decimal("1234.50"), "CHF")]),
    ("en_US", "$49.90", [usd("49.90")]),
    ("en_US", "Only $5!", [usd("5")]),
    ("en_US", "$20 USD", [usd("20")]),
    ("en_US", "99¢", [usd("0.99")]),
    ("en_US", "$1,234", [usd("1234")]),
    ("en_AU", "$20", [Money(Decimal(20), "AUD")]),
    ("fr_FR", "1\u202f234,50\u00a0€", [eur("1234.50")]),
    ("fr_FR", "1 234 €", [eur("1234")]),
    ("de_DE", "1.234,50 €", [eur("1234.50")]),
]

PERCENT: Cases = [
    ("es_ES", "20 %", [Decimal(20)]),
    ("es_ES", "un 20% de descuento", [Decimal(20)]),
    ("es_ES", "-20 %", [Decimal(20)]),
    ("es_ES", "12,5\u00a0%", [Decimal("12.5")]),
    ("es_ES", "20 por ciento", [Decimal(20)]),
    ("es_ES", "20\npor ciento", [Decimal(20)]),
    ("es_ES", "10-20 %", [Decimal(10), Decimal(20)]),
    ("es_ES", "100 % en todo", [Decimal(100)]),
    ("ca_ES", "20 per cent", [Decimal(20)]),
    ("ca_ES", "un 12,5 %", [Decimal("12.5")]),
    ("en_GB", "20%", [Decimal(20)]),
    ("en_GB", "12.5%", [Decimal("12.5")]),
    ("en_GB", "20 per cent", [Decimal(20)]),
    ("en_US", "20 percent", [Decimal(20)]),
    ("en_US", "from 10 to 20%", [Decimal(10), Decimal(20)]),
    ("en_US", "100% off", [Decimal(100)]),
    ("fr_FR", "20\u202f%", [Decimal(20)]),
    ("de_DE", "20 Prozent", [Decimal(20)]),
    ("es_ES", "2\u00ad0 %", [Decimal(20)]),
    ("es_ES", "２０％", [Decimal(20)]),
    ("es_ES", "2\u200b0\u200b%", [Decimal(20)]),
    ("es_ES", "2️⃣0️⃣%", [Decimal(20)]),
    ("es_ES", "𝟐𝟎%", [Decimal(20)]),
    ("es_ES", "20 %¹", [Decimal(20)]),
]

DATE: Cases = [
    ("ca_ES", "fins al 31 de març", [Day(31, 3)]),
    ("ca_ES", "31 de març del 2027", [END]),
    ("ca_ES", "31 de març de 2027", [END]),
    ("ca_ES", "31 de marc\u0327 del 2027", [END]),
    ("ca_ES", "l’1 d’abril del 2027", [date(2027, 4, 1)]),
    ("ca_ES", "l'1 d'abril", [Day(1, 4)]),
    ("ca_ES", "dimecres, 31 de març del 2027", [END]),
    ("es_ES", "el 31/3/2027", [END]),
    ("es_ES", "31/03/27", [END]),
    ("es_ES", "31.3.2027", [END]),
    ("es_ES", "31-3-2027", [END]),
    ("es_ES", "2027-03-31", [END]),
    ("es_ES", "31 de marzo de 2027", [END]),
    ("es_ES", "31 DE MARZO DE 2027", [END]),
    ("es_ES", "31\u00a0de\u00a0marzo\nde 2027", [END]),
    ("es_ES", "31 mar 2027", [END]),
    ("es_ES", "miércoles, 31 de marzo", [Day(31, 3, None, 2)]),
    ("es_ES", "miércoles, 31 de marzo de 2027", [END]),
    ("es_ES", "jueves, 31 de marzo de 2027", [Day(31, 3, 2027, 3)]),
    ("es_ES", "hasta el 31/3", [Day(31, 3)]),
    ("es_ES", "1.º de marzo de 2027", [START]),
    ("es_ES", "31 de abril de 2027", [Day(31, 4, 2027)]),
    ("es_ES", "91 de marzo de 2027", [Day(91, 3, 2027)]),
    ("es_ES", "31/13/2027", [Day(31, 13, 2027)]),
    ("es_ES", "31 de marzo de 20277", [Day(31, 3, 20277)]),
    ("es_ES", "el 1 y el 2 de marzo", [Day(1, 3), Day(2, 3)]),
    ("es_ES", "March 31, 2027", [END]),
    ("es_ES", "31 March 2027", [END]),
    ("en_GB", "31 March 2027", [END]),
    ("en_GB", "31st March", [Day(31, 3)]),
    ("en_GB", "31st of March, 2027", [END]),
    ("en_GB", "Wednesday 31 March", [Day(31, 3, None, 2)]),
    ("en_GB", "31/03/2027", [END]),
    ("en_GB", "3/31/2027", [END]),
    ("en_US", "March 31, 2027", [END]),
    ("en_US", "Mar 31", [Day(31, 3)]),
    ("en_US", "Mar. 31, 2027", [END]),
    ("en_US", "Wednesday, March 31, 2027", [END]),
    ("en_US", "March 31st", [Day(31, 3)]),
    ("en_US", "March the 31st", [Day(31, 3)]),
    ("en_US", "3/31/27", [END]),
    ("en_US", "by 3/31", [Day(31, 3)]),
    ("en_US", "31/3/2027", [END]),
    ("fr_FR", "1er mars 2027", [START]),
    ("de_DE", "31. März 2027", [END]),
    ("de_DE", "31.03.27", [END]),
    ("pt_PT", "31 de março de 2027", [END]),
    ("it_IT", "mercoledì 31 marzo 2027", [END]),
]

DATE_RANGE: Cases = [
    ("en_GB", "1–31 March 2027", [MARCH]),
    ("en_GB", "1-31 March", [Span(Day(1, 3), Day(31, 3))]),
    ("en_GB", "1 March 2027 – 31 March 2027", [MARCH]),
    ("en_GB", "from 1 to 31 March 2027", [MARCH]),
    ("en_US", "from March 1 to 31", [Span(Day(1, 3), Day(31, 3))]),
    ("en_US", "March 1–31, 2027", [MARCH]),
    ("en_US", "March 1 – 31, 2027", [MARCH]),
    ("en_US", "Mar 28 – Apr 3, 2027", [Span(date(2027, 3, 28), date(2027, 4, 3))]),
    ("en_US", "December 28 – January 3, 2028", [Span(date(2027, 12, 28), date(2028, 1, 3))]),
    ("en_US", "between March 1 and March 31, 2027", [MARCH]),
    ("es_ES", "del 1 al 31 de marzo", [Span(Day(1, 3), Day(31, 3))]),
    ("es_ES", "del 1 al 31 de marzo de 2027", [MARCH]),
    ("es_ES", "1–31 de marzo de 2027", [MARCH]),
    ("es_ES", "desde el 1 de marzo hasta el 31 de marzo de 2027", [MARCH]),
    ("es_ES", "entre el 1 y el 31 de marzo de 2027", [MARCH]),
    ("es_ES", "del 1/3 al 31/3/2027", [MARCH]),
    ("es_ES", "28 de marzo – 3 de abril de 2027", [Span(date(2027, 3, 28), date(2027, 4, 3))]),
    ("ca_ES", "de l’1 al 31 de març del 2027", [MARCH]),
    ("ca_ES", "de l'1 de març al 31 de març del 2027", [MARCH]),
    ("de_DE", "1.–31. März 2027", [MARCH]),
    ("fr_FR", "du 1er au 31 mars 2027", [MARCH]),
]

TIME: Cases = [
    ("es_ES", "a las 18:30", [Clock(time(18, 30))]),
    ("es_ES", "18.30 h", [Clock(time(18, 30))]),
    ("es_ES", "18:30h", [Clock(time(18, 30))]),
    ("es_ES", "18h30", [Clock(time(18, 30))]),
    ("es_ES", "a las 18 h", [Clock(time(18))]),
    ("es_ES", "a las 6 de la tarde", [Clock(time(18))]),
    ("es_ES", "a las 6:30 de la tarde", [Clock(time(18, 30))]),
    ("es_ES", "18:30 (Madrid)", [Clock(time(18, 30), "Europe/Madrid")]),
    ("es_ES", "18:30 CET", [Clock(time(18, 30), "CET")]),
    ("es_ES", "de 10:00 a 20:00", [Clock(time(10)), Clock(time(20))]),
    ("es_ES", "de 9 a 14 h", [Clock(time(9)), Clock(time(14))]),
    ("es_ES", "98:30 (Madrid)", [None]),
    ("ca_ES", "a les 18.30 h", [Clock(time(18, 30))]),
    ("ca_ES", "a les 9 del matí", [Clock(time(9))]),
    ("en_GB", "18:30", [Clock(time(18, 30))]),
    ("en_GB", "at 6.30pm", [Clock(time(18, 30))]),
    ("en_US", "6:30 PM", [Clock(time(18, 30))]),
    ("en_US", "6:30\u202fPM", [Clock(time(18, 30))]),
    ("en_US", "6 p.m.", [Clock(time(18))]),
    ("en_US", "12 AM", [Clock(time(0))]),
    ("en_US", "6:30 PM ET", [Clock(time(18, 30), "ET")]),
    ("de_DE", "um 18 Uhr", [Clock(time(18))]),
    ("fr_FR", "à 18 h", [Clock(time(18))]),
]

CODE: Cases = [
    ("es_ES", "Usa PRIMAVERA20 al pagar.", ["PRIMAVERA20"]),
    ("es_ES", "(PRIMAVERA20)", ["PRIMAVERA20"]),
    ("es_ES", "“PRIMAVERA20”", ["PRIMAVERA20"]),
    ("es_ES", "PRIMAVERA-20", ["PRIMAVERA-20"]),
    ("es_ES", "el código PRIMAVERA", ["PRIMAVERA"]),
    ("es_ES", "código: OTOÑO o código: VERANO", ["VERANO"]),
    ("ca_ES", "amb el codi ESTIU", ["ESTIU"]),
    ("en_GB", "the code is SPRING", ["SPRING"]),
    ("en_GB", "SAVE10X", ["SAVE10X"]),
    ("en_GB", "20OFF", ["20OFF"]),
]

URL: Cases = [
    ("es_ES", "https://shop.example.com/spring", ["shop.example.com/spring"]),
    ("es_ES", "Mira shop.example.com/spring.", ["shop.example.com/spring"]),
    ("es_ES", "(shop.example.com/spring)", ["shop.example.com/spring"]),
    ("es_ES", "HTTPS://Shop.Example.com/Spring/", ["shop.example.com/Spring"]),
    ("es_ES", "shop.example.com/spring?utm_source=sms", ["shop.example.com/spring"]),
    ("es_ES", "shop.example.com/s?a=1&utm_medium=x", ["shop.example.com/s?a=1"]),
    ("es_ES", "www.example.com", ["www.example.com"]),
    ("es_ES", "en example.org, hoy", ["example.org"]),
    ("es_ES", "shop.example.com/a_(b)", ["shop.example.com/a_(b)"]),
    ("es_ES", "shop.example.com/20%25/49,90€", ["shop.example.com/20%/49,90€"]),
    ("es_ES", "https://shop.example.com@evil.example/x", ["evil.example/x"]),
    ("es_ES", "shop.\u200bexample.com/spring", ["shop.example.com/spring"]),
    ("es_ES", "shop.example.com/2027-03-31", ["shop.example.com/2027-03-31"]),
]

PHONE: Cases = [
    ("es_ES", "Llama al +34 600 00 01 20.", ["+34600000120"]),
    ("es_ES", "600 000 120", ["+34600000120"]),
    ("es_ES", "600000120", ["+34600000120"]),
    ("es_ES", "0034 600 000 120", ["+34600000120"]),
    ("es_ES", "600.000.120", ["+34600000120"]),
    ("es_ES", "+34-600-000-120", ["+34600000120"]),
    ("es_ES", "Tel. 600 000 120 20 % menos", ["+34600000120", Decimal(20)]),
    ("es_ES", "+34 600 000 1", ["+346000001"]),
    ("ca_AD", "+376 312 345", ["+376312345"]),
    ("ca_AD", "312 345", ["+376312345"]),
    ("en_GB", "07700 900123", ["+447700900123"]),
    ("en_GB", "+44 7700 900123", ["+447700900123"]),
    ("en_GB", "+44 (0)7700 900123", ["+447700900123"]),
    ("en_US", "(201) 555-0123", ["+12015550123"]),
    ("en_US", "201-555-0123", ["+12015550123"]),
    ("en_US", "+1 201 555 0123", ["+12015550123"]),
]

IN_WORDS: Cases = [
    ("es_ES", "veinte por ciento", [percent_in_words(20)]),
    ("es_ES", "un veinte por ciento", [percent_in_words(20)]),
    ("es_ES", "Veinticinco por ciento", [percent_in_words(25)]),
    ("es_ES", "treinta y cinco por ciento", [percent_in_words(35)]),
    ("es_ES", "veinte %", [percent_in_words(20)]),
    ("es_ES", "a mitad de precio", [percent_in_words(50)]),
    ("es_ES", "todo a la mitad.", [percent_in_words(50)]),
    ("es_ES", "tres por dos", [InWords(Kind.TEXT, "3x2")]),
    ("es_ES", "dos por uno", [InWords(Kind.TEXT, "2x1")]),
    ("es_ES", "dos por el precio de uno", [InWords(Kind.TEXT, "2x1")]),
    ("es_ES", "3x2 en macetas", [InWords(Kind.TEXT, "3x2")]),
    ("es_ES", "3 por 2", [InWords(Kind.TEXT, "3x2")]),
    ("es_ES", "ciento veinte euros", [InWords(Kind.MONEY, eur("120"))]),
    ("es_ES", "cien euros", [InWords(Kind.MONEY, eur("100"))]),
    ("es_ES", "mil doscientos cincuenta euros", [InWords(Kind.MONEY, eur("1250"))]),
    ("es_ES", "el treinta y uno de marzo", [InWords(Kind.DATE, Day(31, 3))]),
    ("es_ES", "primero de abril", [InWords(Kind.DATE, Day(1, 4))]),
    ("es_ES", "un tercio de descuento", [InWords(Kind.PERCENT)]),
    ("ca_ES", "vint per cent", [percent_in_words(20)]),
    ("ca_ES", "vint-i-cinc per cent", [percent_in_words(25)]),
    ("ca_ES", "trenta-cinc per cent", [percent_in_words(35)]),
    ("ca_ES", "a meitat de preu", [percent_in_words(50)]),
    ("ca_ES", "dos per un", [InWords(Kind.TEXT, "2x1")]),
    ("ca_ES", "dos-cents euros", [InWords(Kind.MONEY, eur("200"))]),
    ("ca_ES", "trenta-u de març", [InWords(Kind.DATE, Day(31, 3))]),
    ("en_GB", "twenty percent off", [percent_in_words(20)]),
    ("en_GB", "Twenty-five per cent", [percent_in_words(25)]),
    ("en_GB", "half price", [percent_in_words(50)]),
    ("en_GB", "half-price", [percent_in_words(50)]),
    ("en_GB", "half the price", [percent_in_words(50)]),
    ("en_GB", "half off", [percent_in_words(50)]),
    ("en_GB", "a third off", [InWords(Kind.PERCENT)]),
    ("en_GB", "two for one", [InWords(Kind.TEXT, "2x1")]),
    ("en_GB", "three for two", [InWords(Kind.TEXT, "3x2")]),
    ("en_GB", "2 for 1", [InWords(Kind.TEXT, "2x1")]),
    ("en_GB", "buy one get one free", [InWords(Kind.TEXT)]),
    ("en_GB", "a hundred and twenty pounds", [InWords(Kind.MONEY, gbp("120"))]),
    ("en_GB", "the thirty-first of March", [InWords(Kind.DATE, Day(31, 3))]),
]

BY_KIND: dict[Kind, Cases] = {
    Kind.MONEY: MONEY,
    Kind.PERCENT: PERCENT,
    Kind.DATE: DATE,
    Kind.DATE_RANGE: DATE_RANGE,
    Kind.TIME: TIME,
    Kind.CODE: CODE,
    Kind.URL: URL,
    Kind.PHONE: PHONE,
    Kind.IN_WORDS: IN_WORDS,
}
