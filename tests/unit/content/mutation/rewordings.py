# ruff: noqa: E501 - rewordings are quoted whole
"""Harmless rewordings of the shipped campaigns: each an edit after which nothing is wrong.

Synonyms, other orders and punctuation, other greetings and closings, and numbers that are no
facts: years of trading, opening days, street numbers, quantities.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.unit.content.mutation.shipped import Place, copy_file, replaced, text_at, with_text

SPRING, MOVES = "spring_sale", "shop_moves"
HTML = "layouts/email.html.j2"


@dataclass(frozen=True)
class Rewording:
    """One edit of one file."""

    name: str
    campaign: str
    file: str
    text: str = field(repr=False)


_COPY: list[tuple[str, str, Place, str]] = [
    # English, the sale
    (SPRING, "en", ("subject",), "{{ facts.discount }} off plants and pots until {{ facts.ends_on }}"),
    (SPRING, "en", ("subject",), "Until {{ facts.ends_on }}: {{ facts.discount }} off everything"),
    (SPRING, "en", ("subject",), "Your {{ facts.discount }} for spring, until {{ facts.ends_on }}"),
    (SPRING, "en", ("preheader",), "With the code {{ facts.code }}: plants, seeds and everything else."),
    (SPRING, "en", ("preheader",), "{{ facts.code }} is the code, online and in our 3 shops."),
    (SPRING, "en", ("headline",), "{{ facts.discount }} off everything, because spring is here"),
    (SPRING, "en", ("headline",), "Good news for gardeners: {{ facts.discount }} off"),
    (SPRING, "en", ("greeting",), "Dear {{ customer.first_name | or_else('gardener') }},"),
    (SPRING, "en", ("greeting",), "Good morning, {{ customer.first_name | or_else('plant lover') }}."),
    (SPRING, "en", ("body", 0), "Everything at Brotanell costs {{ facts.discount }} less until {{ facts.ends_on }}, from the smallest seed to the 2 metre palm."),
    (SPRING, "en", ("body", 0), "The first 100 seedlings are out of the greenhouse. Until {{ facts.ends_on }} they, and all the rest, cost {{ facts.discount }} less."),
    (SPRING, "en", ("body", 0), "{{ facts.discount }} off: that is our way to begin the season. It holds until {{ facts.ends_on }}, online 24/7 and in every shop."),
    (SPRING, "en", ("body", 1), "At the counter in {{ customer.nearest_shop | or_else('any of our shops') }} just say {{ facts.code }}; online, type it when you pay."),
    (SPRING, "en", ("body", 1), "The code for it is {{ facts.code }} (one per order). You may also use it in {{ customer.nearest_shop | or_else('each of our 3 shops') }}."),
    (SPRING, "en", ("body", 2), "{% if traits.is_member %}You have {{ customer.points | or_else(0) }} points in the club, and they count as well.{% endif %}"),
    (SPRING, "en", ("call_to_action",), "See what is in season"),
    (SPRING, "en", ("call_to_action",), "Open the spring shop"),
    (SPRING, "en", ("closing", 0), "Until soon, between the pots and the 40 kinds of basil,"),
    (SPRING, "en", ("closing", 1), "Marta, Joan and everyone at Brotanell"),
    (SPRING, "en", ("short",), "Spring: {{ facts.discount }} off everything until {{ facts.ends_on }} with {{ facts.code }}. {{ facts.shop }}"),
    (SPRING, "en", ("short",), "{{ facts.shop }} - {{ facts.discount }} off with {{ facts.code }}, until {{ facts.ends_on }}."),
    (SPRING, "en", ("post",), "Pots, plants, seeds: {{ facts.discount }} off all of it until {{ facts.ends_on }}. Code {{ facts.code }}. {{ facts.shop }}"),
    # Spanish, the sale
    (SPRING, "es", ("subject",), "Hasta el {{ facts.ends_on }}, {{ facts.discount }} de descuento en todo"),
    (SPRING, "es", ("subject",), "{{ facts.discount }} menos en plantas y macetas hasta el {{ facts.ends_on }}"),
    (SPRING, "es", ("preheader",), "El código es {{ facts.code }} y vale para plantas, macetas y herramientas."),
    (SPRING, "es", ("preheader",), "Con {{ facts.code }}, en línea y en nuestras 3 tiendas."),
    (SPRING, "es", ("headline",), "Todo con un {{ facts.discount }} de descuento para empezar la primavera"),
    (SPRING, "es", ("greeting",), "Buenos días, {{ customer.first_name | or_else('jardinera o jardinero') }}:"),
    (SPRING, "es", ("greeting",), "¿Qué tal, {{ customer.first_name | or_else('cómo va el balcón') }}?"),
    (SPRING, "es", ("body", 0), "Todo cuesta un {{ facts.discount }} menos en Brotanell hasta el {{ facts.ends_on }}: desde la semilla más pequeña hasta la palmera de 2 metros."),
    (SPRING, "es", ("body", 0), "Ya han salido del invernadero las primeras 100 plantas. Hasta el {{ facts.ends_on }}, ellas y todo lo demás tienen un {{ facts.discount }} de descuento."),
    (SPRING, "es", ("body", 1), "En línea, escribe {{ facts.code }} al pagar; en el mostrador de {{ customer.nearest_shop | or_else('cualquier tienda') }}, basta con decirlo."),
    (SPRING, "es", ("body", 1), "El código para el descuento es {{ facts.code }}, uno por pedido. También sirve en {{ customer.nearest_shop | or_else('todas nuestras tiendas') }}, de lunes a sábado."),
    (SPRING, "es", ("body", 2), "{% if traits.is_member %}Y como eres del club, tus {{ customer.points | or_else(0) }} puntos cuentan también.{% endif %}"),
    (SPRING, "es", ("call_to_action",), "Entrar en la tienda de primavera"),
    (SPRING, "es", ("closing", 0), "Hasta pronto, entre las macetas y los 40 tipos de albahaca:"),
    (SPRING, "es", ("closing", 1), "Marta, Joan y todo el equipo de Brotanell"),
    (SPRING, "es", ("short",), "Primavera: {{ facts.discount }} menos en todo hasta el {{ facts.ends_on }} con {{ facts.code }}. {{ facts.shop }}"),
    (SPRING, "es", ("post",), "Macetas, plantas y semillas con un {{ facts.discount }} de descuento hasta el {{ facts.ends_on }}. Código: {{ facts.code }}. {{ facts.shop }}"),
    # Catalan, the sale
    (SPRING, "ca", ("subject",), "Fins al {{ facts.ends_on }}, {{ facts.discount }} de descompte en tot"),
    (SPRING, "ca", ("subject",), "{{ facts.discount }} menys en plantes i testos fins al {{ facts.ends_on }}"),
    (SPRING, "ca", ("preheader",), "El codi és {{ facts.code }} i val per a plantes, testos i eines."),
    (SPRING, "ca", ("preheader",), "Amb {{ facts.code }}, en línia i a les nostres 3 botigues."),
    (SPRING, "ca", ("headline",), "Tot amb un {{ facts.discount }} de descompte per començar la primavera"),
    (SPRING, "ca", ("greeting",), "Bon dia, {{ customer.first_name | or_else('jardinera o jardiner') }}:"),
    (SPRING, "ca", ("body", 0), "A Brotanell tot costa un {{ facts.discount }} menys fins al {{ facts.ends_on }}: de la llavor més petita a la palmera de 2 metres."),
    (SPRING, "ca", ("body", 0), "Ja han sortit de l’hivernacle les primeres 100 plantes. Fins al {{ facts.ends_on }}, elles i tota la resta tenen un {{ facts.discount }} de descompte."),
    (SPRING, "ca", ("body", 1), "En línia, escriu {{ facts.code }} quan paguis; al taulell de {{ customer.nearest_shop | or_else('qualsevol botiga') }}, només cal dir-lo."),
    (SPRING, "ca", ("body", 1), "El codi per al descompte és {{ facts.code }}, un per comanda. També serveix a {{ customer.nearest_shop | or_else('totes les nostres botigues') }}, de dilluns a dissabte."),
    (SPRING, "ca", ("call_to_action",), "Entrar a la botiga de primavera"),
    (SPRING, "ca", ("closing", 0), "Fins aviat, entre els testos i els 40 tipus d’alfàbrega:"),
    (SPRING, "ca", ("short",), "Primavera: {{ facts.discount }} menys en tot fins al {{ facts.ends_on }} amb {{ facts.code }}. {{ facts.shop }}"),
    (SPRING, "ca", ("post",), "Testos, plantes i llavors amb un {{ facts.discount }} de descompte fins al {{ facts.ends_on }}. Codi: {{ facts.code }}. {{ facts.shop }}"),
    # English, the move
    (MOVES, "en", ("subject",), "From {{ facts.moves_on }} our Barcelona shop has a new home"),
    (MOVES, "en", ("preheader",), "You will find us at {{ facts.new_address }}, two streets further on."),
    (MOVES, "en", ("headline",), "After 12 years, our Barcelona shop is moving"),
    (MOVES, "en", ("body", 0), "Our Barcelona shop opens at {{ facts.new_address }} on {{ facts.moves_on }}. The collection point moves as well."),
    (MOVES, "en", ("body", 1), "Whatever you ordered comes with us, so there is nothing to do. We keep our hours, 6 days a week, and our number."),
    (MOVES, "en", ("body", 2), "Is it too far, or are there too many stairs? There are 2 lifts. Or call {{ facts.phone }} and we will think of something."),
    (MOVES, "en", ("closing", 0), "Kind regards from all 7 of us,"),
    (MOVES, "en", ("short",), "Our Barcelona shop moves to {{ facts.new_address }} on {{ facts.moves_on }}. Questions: {{ facts.phone }}. Map: {{ facts.page }}"),
    # Spanish, the move
    (MOVES, "es", ("subject",), "El {{ facts.moves_on }} abrimos en otro lugar de Barcelona"),
    (MOVES, "es", ("preheader",), "Nos encontrarás en {{ facts.new_address }}, dos calles más allá."),
    (MOVES, "es", ("headline",), "Después de 12 años, nuestra tienda de Barcelona se muda"),
    (MOVES, "es", ("body", 0), "Nuestra tienda de Barcelona abre en {{ facts.new_address }} el {{ facts.moves_on }}. El punto de recogida se muda también."),
    (MOVES, "es", ("body", 1), "Lo que has pedido viene con nosotros, así que no hace falta que hagas nada. Seguimos abriendo 6 días a la semana y con el mismo teléfono."),
    (MOVES, "es", ("body", 2), "¿Te queda lejos o hay demasiadas escaleras? Hay 2 ascensores. O llama al {{ facts.phone }} y buscamos una solución."),
    (MOVES, "es", ("closing", 0), "Un abrazo de las 7 personas de la tienda,"),
    (MOVES, "es", ("short",), "La tienda de Barcelona se muda a {{ facts.new_address }} el {{ facts.moves_on }}. Dudas: {{ facts.phone }}. Mapa: {{ facts.page }}"),
    # Catalan, the move
    (MOVES, "ca", ("subject",), "El {{ facts.moves_on }} obrim en un altre lloc de Barcelona"),
    (MOVES, "ca", ("preheader",), "Ens trobaràs al {{ facts.new_address }}, dos carrers més enllà."),
    (MOVES, "ca", ("headline",), "Després de 12 anys, la nostra botiga de Barcelona es trasllada"),
    (MOVES, "ca", ("body", 0), "La nostra botiga de Barcelona obre al {{ facts.new_address }} el {{ facts.moves_on }}. El punt de recollida també es trasllada."),
    (MOVES, "ca", ("body", 1), "El que has demanat ve amb nosaltres, així que no cal que facis res. Continuem obrint 6 dies a la setmana i amb el mateix telèfon."),
    (MOVES, "ca", ("body", 2), "Et queda lluny o hi ha massa escales? Hi ha 2 ascensors. O truca al {{ facts.phone }} i buscarem una solució."),
    (MOVES, "ca", ("closing", 0), "Una abraçada de les 7 persones de la botiga,"),
    (MOVES, "ca", ("short",), "La botiga de Barcelona es trasllada al {{ facts.new_address }} el {{ facts.moves_on }}. Dubtes: {{ facts.phone }}. Mapa: {{ facts.page }}"),
]  # fmt: skip

#: Edits of the other files: campaign checked, file, old, new.
_FILES: list[tuple[str, str, str, str]] = [
    (SPRING, "brand.yaml", "Choose what we send you", "Say what you want to hear about"),
    (SPRING, "brand.yaml", "discount: {en: Discount,", "discount: {en: What you save,"),
    (SPRING, "brand.yaml", "en: Reply STOP to opt out.", "en: To stop these messages reply STOP."),
    (MOVES, "brand.yaml", "en: Phone,", "en: Call us,"),
    (MOVES, "brand.yaml", 'muted: "#55635B"', 'muted: "#4B5851"'),
    (SPRING, "brand.yaml", 'primary: "#1F5C3F"', 'primary: "#1F4F6B"'),
    (MOVES, "brand.yaml", "Carrer Imaginari 7, 08000", "Carrer Imaginari 27, 1r 2a, 08000"),
    (SPRING, "layouts/whatsapp.txt.j2", "\n_{{ legal }}_", "\n{{ legal }}"),
    (SPRING, "layouts/email.txt.j2", "\n--\n", "\n* * *\n"),
    (MOVES, "layouts/email.html.j2", "border-radius: 16px; overflow", "border-radius: 6px; overflow"),
    (SPRING, "layouts/email.html.j2", "font-size: 36px; line-height: 44px", "font-size: 40px; line-height: 48px"),
    (SPRING, "campaigns/spring_sale/campaign.yaml", "title: Spring sale", "title: Spring sale, all shops"),
    (SPRING, "campaigns/spring_sale/campaign.yaml", "within_days: 730", "within_days: 365"),
    (MOVES, "campaigns/shop_moves/campaign.yaml", "channels: [email, sms, whatsapp]", "channels: [whatsapp, email]"),
    (SPRING, "attributes.yaml", "max_length: 30", "max_length: 36"),
]  # fmt: skip

#: Sentences added to a paragraph of the sale: each holds something that looks like a value, a
#: day, another language or a slip, and is none.
_ADDED: dict[str, list[str]] = {
    "en": [
        "Open from Monday to Saturday, as ever.",
        "We have 3 shops, 12 gardeners and 1 very old olive tree.",
        "Sow in March, water in April, eat in May.",
        "You may first want to look at the soil.",
        "In May second cuts of lavender are possible.",
        "The 2nd of our three greenhouses is new.",
        "Half of our pots are made nearby.",
        "A quarter of an hour of sun a day is enough.",
        "One in three balconies faces north.",
        "Two for the window, one for the door.",
        "Until soon, and may it grow.",
        "Deep pots, 40 x 60 cm, hold 20 l.",
        "Seeds keep for 2 to 3 years at 5 °C.",
        "A 2 m² bed feeds four people.",
        "Our roses are 100% peat-free, and that since 1998.",
        "NPK 7-5-6 is what tomatoes like.",
        "Monstera deliciosa and Ficus lyrata do not mind the shade.",
        "Ask for Núria, Zoë or Łukasz at the counter.",
        "The bus stop is 200 metres away, line 24.",
        "It is free of peat, and free of plastic.",
        "Turn right at number 14 and go up to the 2nd floor.",
        "Every customer counts, every single one.",
        "By and by the days get warmer.",
        "Before you water, feel the earth.",
        "The code is not needed for returns.",
        "Add 1/2 a spoon of salt, or water a third less.",
        "In March we sow, and by late May we eat.",
        "Buy what you like, get what you need.",
        "Free of charge: the second look.",
        "The third one from the left is free of thorns.",
        "Our shops open at 9, some at 9.30.",
        "The pots weigh from 1.75 kg up.",
        "Ask at the counter, or enter your postcode 08000.",
        "A walk of 10 minutes, and the week is done.",
        "You have {{ customer.points | or_else(0) }} € left to spend.",
        "Two hours of sun, three days of rain.",
    ],
    "es": [
        "Abrimos de lunes a sábado, como siempre.",
        "Siembra en marzo, riega en abril y come en mayo.",
        "Hasta pronto, y que broten.",
        "Hasta 3 plantas caben en una maceta de 40 x 60 cm.",
        "Antes de regar, toca la tierra.",
        "La mitad de nuestras macetas se hace aquí cerca.",
        "Una de cada tres terrazas mira al norte.",
        "Un cuarto de hora de sol al día basta.",
        "Somos 12 personas, 3 tiendas y 1 olivo muy viejo.",
        "Guarda las semillas 2 o 3 años a 5 °C.",
        "Un bancal de 2 m² da de comer a cuatro.",
        "Turba, ni un gramo: 100 % natural desde 1998.",
        "Monstera deliciosa y Ficus lyrata aguantan la sombra.",
        "Pregunta por Núria, Zoë o Íñigo.",
        "La parada del autobús está a 200 metros, línea 24.",
        "Gira en el número 14 y sube a la 2.ª planta.",
        "Con dos en la ventana basta.",
        "El primero de nuestros tres invernaderos es nuevo.",
        "Mañana, tarde o noche, la albahaca quiere luz.",
        "Hoy huele a tomillo en toda la tienda.",
        "No hace falta ningún código para devolver.",
        "Echa 1/2 cucharada de sal.",
        "Quedan pocos olivos de esa edad, y este mes florecen.",
        "La segunda se riega menos, la tercera nada.",
        "Lleva 2 macetas y paga con tarjeta.",
        "Crece a 1,50 m del suelo, desde 2,5 cm.",
        "Hasta el 2.º piso se sube a pie.",
        "Escribe tu código postal, 08000, si quieres visitarnos.",
        "Riega cada 3 días durante dos horas.",
        "El año es largo, y cada semana hay algo nuevo.",
    ],
    "ca": [
        "Obrim de dilluns a dissabte, com sempre.",
        "Sembra al març, rega a l’abril i menja al maig.",
        "Fins aviat, i que brotin.",
        "Fins a 3 plantes caben en un test de 40 x 60 cm.",
        "Abans de regar, toca la terra.",
        "La meitat dels nostres testos es fa aquí a prop.",
        "Una de cada tres terrasses mira al nord.",
        "Un quart d’hora de sol al dia és prou.",
        "Som 12 persones, 3 botigues i 1 olivera molt vella.",
        "Guarda les llavors 2 o 3 anys a 5 °C.",
        "Un bancal de 2 m² dona menjar a quatre persones.",
        "Sense torba: 100 % natural des del 1998.",
        "Monstera deliciosa i Ficus lyrata aguanten l’ombra.",
        "Demana per la Núria, la Zoë o l’Oriol.",
        "La parada de l’autobús és a 200 metres, línia 24.",
        "Gira al número 14 i puja a la 2a planta.",
        "El primer dels nostres tres hivernacles és nou.",
        "La menta, de franc, la regala el veí.",
        "Al matí, a la tarda o al vespre, l’alfàbrega vol llum.",
        "Avui fa olor de farigola a tota la botiga.",
        "Per tornar una planta no cal cap codi.",
        "Tira-hi 1/2 cullerada de sal.",
        "La segona es rega menys, la tercera gens.",
        "Creix a 1,50 m de terra, des de 2,5 cm.",
        "Rega cada 3 dies durant dues hores.",
        "L’any és llarg, i cada setmana hi ha alguna cosa nova.",
    ],
}

_GREETING = "<p>{{ copy.greeting }}</p>"
#: Layouts as others would write them.
_LAYOUTS: list[tuple[str, str, str]] = [
    (
        HTML,
        _GREETING,
        f'{_GREETING}<p style="font-size: 0"><span style="font-size: 15px">·</span></p>',
    ),
    (
        HTML,
        _GREETING,
        f'<img src="https://shop.example.com/pots.png" alt="Pots" width="520">{_GREETING}',
    ),
    (HTML, _GREETING, f"<!--[if mso]><p>&nbsp;</p><![endif]-->{_GREETING}"),
    (HTML, _GREETING, f"<!--[if !mso]><!-->{_GREETING}<!--<![endif]-->"),
    (HTML, _GREETING, '<p style="opacity: 0.95">{{ copy.greeting }}</p>'),
    (HTML, _GREETING, '<p style="margin-left: 0; line-height: 0.9">{{ copy.greeting }}</p>'),
    (HTML, "<p>{{ paragraph }}</p>", '<p style="font-size: 2em">{{ paragraph }}</p>'),
    (HTML, "<p>{{ paragraph }}</p>", "<p><span>{{ paragraph }}</span></p>"),
]


def rewordings() -> Iterator[Rewording]:
    """All of them."""
    for campaign, language, place, words in _COPY:
        file = copy_file(campaign, language)
        yield Rewording(f"{file}: {words}", campaign, file, with_text(file, place, words))
    for campaign, file, old, new in _FILES:
        yield Rewording(f"{file}: {new.strip()}", campaign, file, replaced(file, old, new))
    for language, sentences in _ADDED.items():
        file, place = copy_file(SPRING, language), ("body", 1)
        for sentence in sentences:
            words = f"{text_at(file, place)} {sentence}"
            yield Rewording(f"{file}: {sentence}", SPRING, file, with_text(file, place, words))
    for file, old, new in _LAYOUTS:
        yield Rewording(f"{file}: {new}", SPRING, file, replaced(file, old, new))
