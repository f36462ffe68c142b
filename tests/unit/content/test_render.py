"""From copy and layouts to skeletons: what is literal, what is a slot, and how it is escaped."""

from __future__ import annotations

import pytest

from campaigns.domain.channel import Channel
from campaigns.domain.message import Escape, Slot, SlotType, fill
from tests.unit.content.files import Files

EN = "campaigns/sale/copy.en.yaml"


def body(files: Files, channel: Channel, locale: str = "en_GB") -> str:
    skeleton = files.skeleton(channel, locale)
    values = {name: slot.fallback or name for name, slot in skeleton.slots.items()}
    return fill(skeleton, values)["body"]


def test_a_skeleton_leaves_the_customers_values_open(files: Files) -> None:
    text = files.skeleton(Channel.EMAIL).parts["text"]
    assert [h.slot for h in text.holes] == ["first_name", "unsubscribe_url"]
    assert text.literals[0] == "20% off everything\n\nHello "


def test_slots_know_type_length_and_fallback(files: Files) -> None:
    files.english("friend')", "friend') }}, {{ customer.points | or_else(1500)")
    slots = files.skeleton(Channel.EMAIL).slots
    assert slots["first_name"] == Slot("first_name", SlotType.TEXT, 40, "friend")
    assert slots["points"] == Slot("points", SlotType.INTEGER, 9, "1,500")
    assert slots["unsubscribe_url"].type is SlotType.URL


def test_facts_are_written_as_each_locale_writes_them(files: Files) -> None:
    assert "Until 31 March 2027 with SPRING20" in body(files, Channel.WHATSAPP)
    assert "Hasta el 31 de marzo de 2027 con SPRING20" in body(files, Channel.WHATSAPP, "es_ES")


def test_mail_keeps_no_break_spaces_and_plain_channels_have_none(files: Files) -> None:
    subject = files.skeleton(Channel.EMAIL, "es_ES").parts["subject"]
    assert subject.literals == ("20\u00a0% menos",)
    for channel in (Channel.SMS, Channel.WHATSAPP, Channel.X_DM, Channel.X_POST):
        assert "20 % en todo" in body(files, channel, "es_ES")


def test_short_is_built_from_the_headline_and_the_facts_it_lacks(files: Files) -> None:
    assert body(files, Channel.SMS) == (
        "Testa: 20% off everything. 31 March 2027, SPRING20 https://shop.example.com/spring\n"
        "Reply STOP to opt out."
    )


def test_the_post_falls_back_to_short(files: Files) -> None:
    files.english("call_to", 'short: "{{ facts.code }} {{ facts.shop }}"\ncall_to')
    files.campaign("must_say: [discount, ends_on, code, shop]", "must_say: [code]")
    assert body(files, Channel.X_POST) == "SPRING20 https://shop.example.com/spring"


def test_html_is_escaped_where_plain_text_is_not(files: Files) -> None:
    files.english("Buy now", "Pots & <b>pans</b>")
    files.change("layouts/email.txt.j2", "{{ copy.headline }}", "{{ copy.call_to_action }}")
    parts = files.skeleton(Channel.EMAIL).parts
    assert "Pots &amp; &lt;b&gt;pans&lt;/b&gt;" in "".join(parts["html"].literals)
    assert parts["text"].literals[0].startswith("Pots & <b>pans</b>")


def test_css_is_inlined_and_media_queries_stay(files: Files) -> None:
    html = "".join(files.skeleton(Channel.EMAIL).parts["html"].literals)
    assert '<p style="color: #333333;">' in html
    assert "@media (prefers-color-scheme: dark) { p { color: #eeeeee !important; } }" in html
    assert html.startswith("<!DOCTYPE html>")


#: A customer's value to put into markup.
VALUE = "{{ customer.last_name | or_else(9) }}"


@pytest.mark.parametrize(
    ("markup", "escape"),
    [
        ("<p>VALUE</p>", Escape.HTML),
        ('<p title="VALUE">x</p>', Escape.HTML),
        ("<p title='VALUE'>x</p>", Escape.HTML),
        ('<a href="https://shop.example.com/?n=VALUE">x</a>', Escape.QUERY),
        ('<a href="mailto:a@example.com?subject=VALUE">x</a>', Escape.QUERY),
        ('<a href="{{ links.preferences }}">x</a>', Escape.HTML),
        ("<textarea>VALUE</textarea>", Escape.HTML),
    ],
)
def test_escaping_belongs_to_the_place_in_html(files: Files, markup: str, escape: Escape) -> None:
    markup = markup.replace("VALUE", VALUE)
    files.change("layouts/email.html.j2", "<p>{{ copy.greeting }}</p>", markup)
    holes = files.skeleton(Channel.EMAIL).parts["html"].holes
    assert holes[0].slot in ("last_name", "preferences_url")
    assert holes[0].escape is escape


@pytest.mark.parametrize(
    ("markup", "where"),
    [
        ("<style>p { color: VALUE }</style>", "in the attribute `style`"),
        ("<style>a:hover { color: VALUE }</style>", "in a style"),
        ("<script>x = 'VALUE'</script>", "in a style, script or comment"),
        ("<!-- VALUE -->", "in a style, script or comment"),
        ('<a href="VALUE">x</a>', "at the start of the attribute `href`"),
        ('<p style="color: VALUE">x</p>', "in the attribute `style`"),
        ('<p onclick="x(VALUE)">x</p>', "in the attribute `onclick`"),
        ("<p VALUE>x</p>", "inside a tag"),
        ("<VALUE>x", None),
    ],
)
def test_a_value_in_an_unsafe_place_is_refused(
    files: Files, markup: str, where: str | None
) -> None:
    markup = markup.replace("VALUE", VALUE)
    files.change("layouts/email.html.j2", "<p>{{ copy.greeting }}</p>", markup)
    if where is None:  # HTML reads this as text, and so it is escaped
        assert files.skeleton(Channel.EMAIL).parts["html"].holes[0].escape is Escape.HTML
        return
    assert any(
        f.startswith("layouts/email.html.j2: `last_name` stands") and where in f
        for f in files.findings()
    ), files.findings()


def test_a_value_in_an_address_in_plain_text_is_escaped_for_it(files: Files) -> None:
    files.change(
        "layouts/sms.txt.j2",
        "{{ legal }}",
        "https://shop.example.com/?n={{ customer.first_name | or_else('x') }} {{ legal }} "
        "{{ customer.first_name | or_else('x') }}",
    )
    holes = files.skeleton(Channel.SMS).parts["body"].holes
    assert [h.escape for h in holes] == [Escape.QUERY, Escape.PLAIN]


def test_a_value_in_the_subject_is_escaped_for_a_header(files: Files) -> None:
    files.english('}} off"\nh', "}} off, {{ customer.first_name | or_else('friend') }}\"\nh")
    part = files.skeleton(Channel.EMAIL).parts["subject"]
    assert [h.escape for h in part.holes] == [Escape.HEADER]


def test_white_space_is_tidied(files: Files) -> None:
    files.change("layouts/email.subject.j2", "{{ copy.subject }}", "\n {{ copy.subject }}\n\n  x ")
    files.change("layouts/email.txt.j2", "{{ copy.headline }}", "a  b \n\n \n\n\n  c")
    parts = files.skeleton(Channel.EMAIL).parts
    assert parts["subject"].literals == ("20% off x",)
    assert parts["text"].literals[0].startswith("a b\n\nc\n\nHello ")


def test_paragraphs_come_from_a_list_or_from_blank_lines(files: Files) -> None:
    words = "{{ facts.ends_on }} {{ facts.code }}"
    files.english('body: "Until', f'body: |\n  One {words}\n\n  Two\n\nclosing: ["a", " ", "b"]\n#')
    files.change("layouts/email.txt.j2", 'join("\\n\\n")', 'join("/")')
    files.change("layouts/email.txt.j2", "{{ words.out }}", "{{ copy.closing | join('/') }}")
    text = "".join(files.skeleton(Channel.EMAIL).parts["text"].literals)
    assert "One 31 March 2027 SPRING20/Two\n" in text
    assert "a/b: " in text


def test_different_fallbacks_for_one_value_in_one_message_are_refused(files: Files) -> None:
    files.english("Buy now", "\"Buy, {{ customer.first_name | or_else('you') }}\"")
    (finding,) = files.findings()
    assert finding.startswith(
        f"{EN}:3: first_name: one message gives it different fallbacks: `friend` and `you`"
    )


def test_a_campaigns_own_slots_have_their_type_length_and_fallback(files: Files) -> None:
    files.campaign(
        "audience:",
        "slots:\n"
        "  voucher: {type: code, max_length: 12, fallback: {en: NONE, es: NINGUNO}}\n"
        "  first_name: {max_length: 20}\n"
        "audience:",
    )
    files.english("Buy now", "'{{ customer.voucher }}'")
    slots = files.skeleton(Channel.EMAIL).slots
    assert slots["voucher"] == Slot("voucher", SlotType.CODE, 12, "NONE")
    assert slots["first_name"].max_length == 20


def test_a_trait_makes_one_skeleton_for_each_of_its_values(files: Files) -> None:
    files.campaign("audience:", "traits: [is_member, tier]\naudience:")
    files.english(
        "Buy now",
        '"{% if traits.is_member %}Member{% else %}Guest{% endif %} {{ traits.tier }}"',
    )
    html = files.skeleton(Channel.EMAIL, is_member=True, tier="gold").parts["html"]
    assert "Member gold" in "".join(html.literals)
    html = files.skeleton(Channel.EMAIL, is_member=False, tier="basic").parts["html"]
    assert "Guest basic" in "".join(html.literals)


def test_a_layout_of_the_campaigns_own_replaces_the_shared_one(files: Files) -> None:
    files.campaign("audience:", "layouts: {sms.txt: mine.j2}\naudience:")
    files.write("layouts/mine.j2", "{{ copy.short }} Mine. {{ legal }}")
    assert " Mine. Reply" in body(files, Channel.SMS)


def test_a_layout_that_renders_to_nothing_is_told(files: Files) -> None:
    files.write("layouts/x_dm.txt.j2", "{# nothing #}\n")
    assert "layouts/x_dm.txt.j2: it renders to nothing; a message needs a body." in files.findings()


def test_a_subject_layout_that_prints_nothing_is_told_as_such(files: Files) -> None:
    files.write("layouts/email.subject.j2", "{# nothing yet #}")
    assert files.findings() == [
        "layouts/email.subject.j2: it renders to nothing; a message needs a subject."
    ]
