# ruff: noqa: E501 - edits are quoted as they stand in the files
"""What law and mailboxes ask for, taken away; and e-mails that some cannot read."""

from __future__ import annotations

from collections.abc import Iterator

from tests.unit.content.mutation.fault import Fault
from tests.unit.content.mutation.shipped import LANGUAGES, copy_file, replaced

HTML, TEXT, BRAND = "layouts/email.html.j2", "layouts/email.txt.j2", "brand.yaml"
_UNSUBSCRIBE = '<a class="small-link" href="{{ links.unsubscribe }}">{{ words.unsubscribe }}</a>'
_PREFERENCES = '<a class="small-link" href="{{ links.preferences }}">{{ words.preferences }}</a>'

#: Kind → (campaigns, file, name, old, new).
_EDITS: dict[str, list[tuple[str, str, str, str, str]]] = {
    "unsubscribe removed": [
        ("spring_sale", HTML, "link deleted", _UNSUBSCRIBE, ""),
        ("spring_sale", HTML, "link without address", "{{ links.unsubscribe }}", "#"),
        ("spring_sale", HTML, "address emptied", "{{ links.unsubscribe }}", ""),
        ("spring_sale", HTML, "to the preferences", "{{ links.unsubscribe }}", "{{ links.preferences }}"),
        ("spring_sale", HTML, "to the shop", "{{ links.unsubscribe }}", "{{ facts.shop }}"),
        ("spring_sale", HTML, "by mail", "{{ links.unsubscribe }}", "mailto:care@shop.example.com"),
        ("spring_sale", HTML, "link without words", "{{ words.unsubscribe }}", ""),
        ("spring_sale", HTML, "for members only", "{%- if offer %} &nbsp;", "{%- if traits.is_member %} &nbsp;"),
        ("spring_sale", HTML, "never", "{%- if offer %} &nbsp;", "{%- if not offer %} &nbsp;"),
        ("spring_sale", HTML, "in a comment", _UNSUBSCRIBE, f"{{# {_UNSUBSCRIBE} #}}"),
        ("spring_sale", HTML, "hidden", 'class="small-link" href="{{ links.unsubscribe }}"', 'style="display: none" href="{{ links.unsubscribe }}"'),
        ("spring_sale", TEXT, "line deleted", "{{- words.unsubscribe }}: {{ links.unsubscribe }}", ""),
        ("spring_sale", TEXT, "words alone", ": {{ links.unsubscribe }}", ""),
        ("spring_sale", TEXT, "for service only", "campaign.purpose == 'marketing'", "campaign.purpose == 'service'"),
        ("spring_sale", TEXT, "misspelt purpose", "campaign.purpose == 'marketing'", "campaign.purpose == 'Marketing'"),
    ],
    "postal address removed": [
        (c, file, name, "{{ brand.postal_address }}", new)
        for c in ("spring_sale", "shop_moves")
        for file in (HTML, TEXT)
        for name, new in (
            ("deleted", ""),
            ("name alone", "{{ brand.name }}"),
            ("typed with a slip", "Brotanell, SL, Carrer Imaginari 1, 08000 Barcelona, Spain"),
            ("in a comment", "{# {{ brand.postal_address }} #}"),
        )
    ] + [
        (c, BRAND, "deleted from the brand", "postal_address: Brotanell, SL, Carrer Imaginari 7, 08000 Barcelona, Spain\n", "")
        for c in ("spring_sale", "shop_moves")
    ],
    "legal line removed": [
        ("spring_sale", "layouts/sms.txt.j2", "deleted", "\n{{ legal }}", ""),
        ("spring_sale", "layouts/x_dm.txt.j2", "deleted", "{{ legal }}", ""),
        ("spring_sale", "layouts/whatsapp.txt.j2", "deleted", "_{{ legal }}_", ""),
        ("spring_sale", "layouts/whatsapp.txt.j2", "never", "{% if legal %}", "{% if not legal %}"),
        ("spring_sale", "layouts/whatsapp.txt.j2", "for members only", "{% if legal %}", "{% if traits.is_member %}"),
        ("spring_sale", HTML, "deleted", " {{ legal }}</p>", "</p>"),
        ("spring_sale", TEXT, "deleted", "\n{{ legal }}\n", "\n"),
        ("shop_moves", HTML, "deleted", " {{ legal }}</p>", "</p>"),
        ("shop_moves", TEXT, "deleted", "\n{{ legal }}\n", "\n"),
        ("spring_sale", HTML, "reason deleted", "{{ words['why_' ~ campaign.purpose] }}", ""),
        ("spring_sale", "layouts/sms.txt.j2", "typed in English", "{{ legal }}", "Reply STOP to opt out."),
        ("spring_sale", "layouts/x_dm.txt.j2", "typed in Spanish", "{{ legal }}", "Baja: responde STOP."),
        *(
            ("spring_sale", BRAND, f"{channel} {language} deleted", f"  {channel}:\n{_before}", f"  {channel}:\n{_after}")
            for channel in ("sms", "whatsapp", "x_dm")
            for language, _before, _after in (
                ("en", "    en: Reply STOP to opt out.\n", ""),
                ("es", '    en: Reply STOP to opt out.\n    es: "Baja: responde STOP."\n', "    en: Reply STOP to opt out.\n"),
                ("ca", '    en: Reply STOP to opt out.\n    es: "Baja: responde STOP."\n    ca: "Baixa: respon STOP."\n', '    en: Reply STOP to opt out.\n    es: "Baja: responde STOP."\n'),
            )
        ),
        *(
            (c, BRAND, f"email {line[4:6]} deleted", f"{line}\n", "")
            for c in ("spring_sale", "shop_moves")
            for line in (
                "    en: You can change or stop these messages at any time, free of charge.",
                "    es: Puedes cambiar o dejar de recibir estos mensajes cuando quieras, gratis.",
                "    ca: Pots canviar o deixar de rebre aquests missatges quan vulguis, de franc.",
            )
        ),
        ("spring_sale", BRAND, "sms says nothing of stopping", '  sms:\n    en: Reply STOP to opt out.', "  sms:\n    en: Thank you for reading."),
        ("spring_sale", BRAND, "whatsapp in es says nothing of stopping", '  whatsapp:\n    en: Reply STOP to opt out.\n    es: "Baja: responde STOP."', '  whatsapp:\n    en: Reply STOP to opt out.\n    es: Gracias.'),
    ],
    "brand word missing": [
        (c, BRAND, f"{name} in {language} deleted", old, new)
        for c in ("spring_sale", "shop_moves")
        for name, language, old, new in (
            ("unsubscribe", "ca", ", ca: Donar-se de baixa}", "}"),
            ("unsubscribe", "es", ", es: Darse de baja", ""),
            ("preferences", "ca", ", ca: Triar què t’enviem}", "}"),
            ("link", "es", ', es: "O abre esta dirección:"', ""),
            ("preferences", "all", "  preferences: {en: Choose what we send you, es: Elegir qué te enviamos, ca: Triar què t’enviem}\n", ""),
        )
        if (c, name) != ("shop_moves", "unsubscribe")
    ] + [
        ("spring_sale", BRAND, "label of the code in ca deleted", ", ca: El teu codi}", "}"),
        ("spring_sale", BRAND, "label of the discount in es deleted", ", es: Descuento", ""),
        ("spring_sale", BRAND, "why in es deleted", "    es: Recibes este correo porque nos pediste ofertas o porque nos has comprado algo.\n", ""),
        ("shop_moves", BRAND, "label of the phone in ca deleted", ", ca: Telèfon}", "}"),
        ("shop_moves", BRAND, "label of the date in es deleted", ", es: Fecha de la mudanza", ""),
        ("shop_moves", BRAND, "why in ca deleted", "    ca: Reps aquest correu perquè afecta un servei que utilitzes. No és publicitat.\n", ""),
    ],
    "contrast": [
        (c, BRAND, f"{name} {new[-8:-1]}", old, new)
        for c, name, old, new in (
            ("spring_sale", "muted", 'muted: "#55635B"', 'muted: "#A9B0AC"'),
            ("shop_moves", "muted", 'muted: "#55635B"', 'muted: "#8C9891"'),
            ("spring_sale", "text", 'text: "#23302A"', 'text: "#9AA39E"'),
            ("shop_moves", "text", 'text: "#23302A"', 'text: "#FFFFFF"'),
            ("spring_sale", "primary", 'primary: "#1F5C3F"', 'primary: "#9FD3B8"'),
            ("shop_moves", "primary", 'primary: "#1F5C3F"', 'primary: "#7FBF9F"'),
            ("spring_sale", "on_primary", 'on_primary: "#FFFFFF"', 'on_primary: "#4D8A6C"'),
            ("shop_moves", "on_primary", 'on_primary: "#FFFFFF"', 'on_primary: "#23302A"'),
            ("spring_sale", "background", 'background: "#F3EFE6"', 'background: "#6B7A72"'),
            ("shop_moves", "surface", 'surface: "#FFFFFF"', 'surface: "#5C6B63"'),
            ("spring_sale", "dark text", 'text: "#EDF1EC"', 'text: "#4A544E"'),
            ("shop_moves", "dark text", 'text: "#EDF1EC"', 'text: "#1E2622"'),
            ("spring_sale", "dark muted", 'muted: "#A9B7AE"', 'muted: "#56635B"'),
            ("shop_moves", "dark muted", 'muted: "#A9B7AE"', 'muted: "#3D4741"'),
            ("spring_sale", "dark accent", 'accent: "#E8A07E"', 'accent: "#6B3A22"'),
            ("spring_sale", "dark primary", 'primary: "#2B7A55"', 'primary: "#8FE0BA"'),
            ("shop_moves", "dark surface", 'surface: "#1E2622"', 'surface: "#C9D2CC"'),
        )
    ] + [
        (c, HTML, name, old, new)
        for c, name, old, new in (
            ("spring_sale", "small print in the ground's colour", ".small { margin: 0 0 10px; font-size: 13px; line-height: 20px; color: {{ light.muted }}; }", ".small { margin: 0 0 10px; font-size: 13px; line-height: 20px; color: {{ light.background }}; }"),
            ("shop_moves", "headline in white", "line-height: 38px; color: {{ light.text }}", "line-height: 38px; color: {{ light.on_primary }}"),
            ("spring_sale", "button in the colour of its words", "font-weight: bold; color: {{ light.on_primary }}; text-decoration", "font-weight: bold; color: {{ light.primary }}; text-decoration"),
            ("shop_moves", "pale paragraphs", "<p>{{ paragraph }}</p>", '<p style="color: #cccccc">{{ paragraph }}</p>'),
            ("spring_sale", "pale greeting", "<p>{{ copy.greeting }}</p>", '<p style="color: #bbbbbb">{{ copy.greeting }}</p>'),
        )
    ],
    "alt missing": [
        (c, HTML, name, "<p>{{ copy.greeting }}</p>", f"{image}<p>{{{{ copy.greeting }}}}</p>")
        for c in ("spring_sale", "shop_moves")
        for name, image in (
            ("image without alt", '<img src="https://shop.example.com/pots.png" width="520">'),
            ("linked image with empty alt", '<a href="{{ links.preferences }}"><img src="https://shop.example.com/pots.png" width="520" alt=""></a>'),
            ("image with its file name as alt", '<img src="https://shop.example.com/pots.png" width="520" alt="pots.png">'),
        )
    ] + [
        ("spring_sale", BRAND, "logo without alt", "  alt: Brotanell         # without a url the name is set in type; with one this is the image's text\n", "  width: 120\n"),
        ("shop_moves", BRAND, "logo with empty alt", "  alt: Brotanell  ", '  alt: ""  '),
    ],
    "lang wrong": [
        (c, HTML, name, old, new)
        for c in ("spring_sale", "shop_moves")
        for name, old, new in (
            ("removed", '<html lang="{{ lang }}"', "<html"),
            ("English for all", '<html lang="{{ lang }}"', '<html lang="en"'),
            ("emptied", 'lang="{{ lang }}"', 'lang=""'),
            ("of nobody", 'lang="{{ lang }}"', 'lang="xx"'),
        )
    ] + [
        ("spring_sale", HTML, "title removed", "<title>{{ copy.subject }}</title>\n", ""),
        ("shop_moves", HTML, "title emptied", "<title>{{ copy.subject }}</title>", "<title></title>"),
        ("shop_moves", HTML, "preheader removed", "{{ copy.preheader }}", ""),
    ],
    "twin differs": [
        (c, TEXT, name, old, new)
        for c, name, old, new in (
            ("spring_sale", "body of one paragraph", "{% for paragraph in copy.body %}", "{% for paragraph in copy.body[2:] %}"),
            ("shop_moves", "list of facts and body gone", "{{ paragraph }}", ""),
            ("spring_sale", "last year's discount", "{{ copy.headline }}", "{{ copy.headline }} (15%)"),
            ("shop_moves", "old phone", "{{ copy.closing | join('\\n') }}", "Tel. +34 600 000 119"),
            ("spring_sale", "another link", "{{- copy.call_to_action }}: {{ facts[name] }}", "{{- copy.call_to_action }}: https://shop.example.com/winter"),
            ("shop_moves", "no link", "{{- copy.call_to_action }}: {{ facts[name] }}", "{{- copy.call_to_action }}"),
        )
    ],
    "unescaped": [
        (c, file, name, old, new)
        for c, file, name, old, new in (
            ("spring_sale", HTML, "greeting", "{{ copy.greeting }}", "{{ copy.greeting | safe }}"),
            ("spring_sale", HTML, "paragraph", "{{ paragraph }}", "{{ paragraph | safe }}"),
            ("shop_moves", HTML, "greeting", "<p>{{ copy.greeting }}</p>", "<p>{% autoescape false %}{{ copy.greeting }}{% endautoescape %}</p>"),
            ("shop_moves", HTML, "headline", "{{ copy.headline }}", "{{ copy.headline | safe }}"),
            ("spring_sale", HTML, "in a style", ".short { width: 14px;", ".short { width: {{ customer.points | or_else(1) }}px;"),
            ("spring_sale", HTML, "in a comment", "</table>\n</body>", "<!-- {{ customer.first_name | or_else('-') }} --></table>\n</body>"),
            ("shop_moves", HTML, "in a script", "</body>", "<script>x = '{{ customer.first_name | or_else('-') }}'</script></body>"),
            ("spring_sale", HTML, "as an address", "</body>", "<a href=\"{{ customer.nearest_shop | or_else('-') }}\">.</a></body>"),
            ("shop_moves", HTML, "in onclick", "</body>", "<p onclick=\"{{ customer.first_name | or_else('-') }}\">.</p></body>"),
            ("spring_sale", HTML, "in a style attribute", "</body>", "<p style=\"color: {{ customer.first_name | or_else('-') }}\">.</p></body>"),
        )
    ],
    "value in logic": [
        (c, file, name, old, new)
        for c, file, name, old, new in (
            ("spring_sale", HTML, "if", "</body>", "{% if customer.points > 9 %}.{% endif %}</body>"),
            ("shop_moves", TEXT, "upper", "{{ copy.headline }}", "{{ copy.headline }} {{ customer.first_name | upper }}"),
            ("spring_sale", "layouts/sms.txt.j2", "greeting in capitals", "{{ copy.short }}", "{{ copy.greeting | upper }} {{ copy.short }}"),
            ("shop_moves", "layouts/whatsapp.txt.j2", "greeting cut", "{{ copy.greeting }}", "{{ copy.greeting | truncate(20) }}"),
        )
    ],
    "name misspelt": [
        (c, file, name, old, new)
        for c, file, name, old, new in (
            ("spring_sale", HTML, "copy key", "{{ copy.headline }}", "{{ copy.haedline }}"),
            ("spring_sale", TEXT, "word", "words.preferences", "words.preferencs"),
            ("shop_moves", TEXT, "brand key", "brand.postal_address", "brand.adress"),
            ("shop_moves", "layouts/sms.txt.j2", "legal", "{{ legal }}", "{{ legals }}"),
            ("spring_sale", "layouts/x_dm.txt.j2", "join", "join(", "joined("),
            ("shop_moves", HTML, "endfor", "{%- endfor -%}", "{%- end for -%}"),
        )
    ],
    "link altered": [
        (c, file, name, old, new)
        for c in ("spring_sale", "shop_moves")
        for file, name, old, new in (
            (HTML, "logo to another domain", '<span class="name">', '<span class="name"><a href="https://brotanell.example/">B</a>'),
            (HTML, "picture from elsewhere", "<p>{{ copy.greeting }}</p>", '<img src="http://pictures.example/x.png" alt="Pots"><p>{{ copy.greeting }}</p>'),
            (HTML, "button over http", 'href="{{ facts[name] }}"', "href=\"{{ facts[name] | replace('https', 'http') }}\""),
            (HTML, "button without address", 'href="{{ facts[name] }}"', 'href=""'),
            (HTML, "button to nowhere", 'href="{{ facts[name] }}"', 'href="#"'),
            (BRAND, "domain removed", "link_domains: [shop.example.com, news.example.com]", "link_domains: [news.example.com]"),
        )
    ],
}  # fmt: skip

#: Findings about a brand's values may stand where they are used.
_USES = {
    "brand word missing": (BRAND, HTML, TEXT),
    "postal address removed": (BRAND, HTML, TEXT),
    "unsubscribe removed": (HTML, TEXT),
}


def mail_faults() -> Iterator[Fault]:
    """Everything of this module."""
    for kind, edits in _EDITS.items():
        for campaign, file, name, old, new in edits:
            at: tuple[str, ...] = ()
            if file == BRAND:
                at = _USES.get(kind, ())
                if kind == "contrast":
                    at = (BRAND, HTML)  # the layout chose the pair
            if name == "domain removed":
                at = (BRAND, f"campaigns/{campaign}/campaign.yaml")
            if name == "link without words":
                at = (HTML, *(copy_file(campaign, language) for language in LANGUAGES))
            yield Fault(
                kind, f"{campaign}/{file.split('/')[-1]}/{name}", campaign, file,
                replaced(file, old, new), name, at=at,
            )  # fmt: skip
