"""A small brand and campaign in a folder, for tests that change one thing about it."""

from __future__ import annotations

from pathlib import Path

from campaigns.content.compile import Compiled, compile_campaign
from campaigns.domain.channel import Channel
from campaigns.domain.message import Skeleton

BRAND = """\
name: Testa
default_locale: en_GB
locales: [en_GB, es_ES]
time_zone: Europe/Madrid
colours: {primary: "#111111", on_primary: "#FFFFFF", accent: "#222222", background: "#FFFFFF",
  surface: "#FFFFFF", text: "#000000", muted: "#333333"}
logo: {alt: Testa}
senders:
  email: {address: hello@news.example.com, name: Testa}
  sms: {from: "+447700900123"}
  whatsapp: {from: "+447700900124"}
  x: {handle: demo_testa}
link_domains: [shop.example.com]
postal_address: Testa, 1 Imaginary Street, London
legal:
  sms: {en: Reply STOP to opt out., es: Baja con STOP.}
  whatsapp: {en: Reply STOP to opt out., es: Baja con STOP.}
  x_dm: {en: Reply STOP to opt out., es: Baja con STOP.}
words:
  out: {en: Unsubscribe, es: Baja}
"""

ATTRIBUTES = """\
is_member: {type: bool}
tier: {type: choice, choices: [basic, gold]}
points: {type: integer, max_length: 9}
nearest_shop: {type: text, max_length: 30}
joined: {type: date}
"""

CAMPAIGN = """\
title: Sale
topic: offers
facts:
  discount: {percent: 20}
  ends_on: {date: 2027-03-31}
  code: {code: SPRING20}
  shop: {url: "https://shop.example.com/spring"}
must_say: [discount, ends_on, code, shop]
channels: [email, sms, whatsapp, x_dm, x_post]
audience: everyone
expires: 2027-03-31
"""

COPY_EN = """\
subject: "{{ facts.discount }} off"
headline: "{{ facts.discount }} off everything"
greeting: "Hello {{ customer.first_name | or_else('friend') }},"
body: "Until {{ facts.ends_on }} with {{ facts.code }}: {{ facts.shop }}"
call_to_action: Buy now
preheader: Pots, plants and seeds
"""

COPY_ES = """\
subject: "{{ facts.discount }} menos"
headline: "{{ facts.discount }} en todo"
greeting: "Hola, {{ customer.first_name | or_else('amiga') }}:"
body: "Hasta el {{ facts.ends_on }} con {{ facts.code }}: {{ facts.shop }}"
call_to_action: Comprar
preheader: Macetas, plantas y semillas
"""

LAYOUTS = {
    "email.subject.j2": "{{ copy.subject }}\n",
    "email.html.j2": """\
<!DOCTYPE html>
<html lang="{{ language }}"><head><title>{{ copy.subject }}</title>
<style>
p { color: #333333; }
@media (prefers-color-scheme: dark) { p { color: #eeeeee !important; } }
@media (prefers-color-scheme: dark) { body { background: #111111; } h1, a { color: #eeeeee; } }
</style></head>
<body><div style="display: none">{{ copy.preheader }}</div>
<h1>{{ copy.headline }}</h1>
<p>{{ copy.greeting }}</p>
{% for paragraph in copy.body %}<p>{{ paragraph }}</p>{% endfor %}
<a href="{{ facts.shop }}">{{ copy.call_to_action }}</a>
<p>{{ brand.postal_address }} <a href="{{ links.unsubscribe }}">{{ words.out }}</a></p>
</body></html>
""",
    "email.txt.j2": """\
{{ copy.headline }}

{{ copy.greeting }}

{{ copy.body | join("\\n\\n") }}

{{ brand.postal_address }}
{{ words.out }}: {{ links.unsubscribe }}
""",
    "sms.txt.j2": "{{ brand.name }}: {{ copy.short }}\n{{ legal }}\n",
    "whatsapp.txt.j2": """\
{{ copy.greeting }} {{ copy.headline }} {{ copy.body | join(' ') }} {{ legal }}
""",
    "x_dm.txt.j2": "{{ copy.greeting }} {{ copy.short }} {{ legal }}\n",
    "x_post.txt.j2": "{{ copy.post }}\n",
}


class Files:
    """The templates folder of a test. Paths in errors are under `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write("brand.yaml", BRAND)
        self.write("attributes.yaml", ATTRIBUTES)
        for name, text in LAYOUTS.items():
            self.write(f"layouts/{name}", text)
        self.write("campaigns/sale/campaign.yaml", CAMPAIGN)
        self.write("campaigns/sale/copy.en.yaml", COPY_EN)
        self.write("campaigns/sale/copy.es.yaml", COPY_ES)

    def write(self, name: str, text: str) -> Path:
        """Write one file of the folder."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def change(self, name: str, old: str, new: str) -> int:
        """Replace words in a file; the 1-based line where they were."""
        path = self.root / name
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{old!r} is not in {name}"
        path.write_text(text.replace(old, new), encoding="utf-8")
        return text[: text.index(old)].count("\n") + 1

    def campaign(self, old: str, new: str) -> int:
        return self.change("campaigns/sale/campaign.yaml", old, new)

    def english(self, old: str, new: str) -> int:
        return self.change("campaigns/sale/copy.en.yaml", old, new)

    def spanish(self, old: str, new: str) -> int:
        return self.change("campaigns/sale/copy.es.yaml", old, new)

    def brand(self, old: str, new: str) -> int:
        return self.change("brand.yaml", old, new)

    def compile(self) -> Compiled:
        """Compile in this process, without limits."""
        return compile_campaign(self.root, "sale")

    def findings(self) -> list[str]:
        """What is wrong, as told, with paths relative to the folder."""
        return [str(f).replace(f"{self.root}/", "") for f in self.compile().findings]

    def rules(self) -> set[str]:
        """The rules that found something."""
        return {f.rule for f in self.compile().findings}

    def skeleton(self, channel: Channel, locale: str = "en_GB", **traits: object) -> Skeleton:
        """One skeleton of the release, which must be without findings of level error."""
        compiled = self.compile()
        assert compiled.release is not None, compiled.findings
        for skeleton in compiled.release.skeletons:
            same = (skeleton.channel, skeleton.locale) == (channel, locale)
            if same and dict(skeleton.traits) == traits and skeleton.variant == "a":
                return skeleton
        raise AssertionError(f"no skeleton for {channel}, {locale}, {traits}")
