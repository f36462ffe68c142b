"""The pages, written out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date

from campaigns.domain.brand import Brand
from campaigns.domain.channel import AddressKind, Channel
from campaigns.domain.consent import ALL_TOPICS
from campaigns.domain.facts import in_locale
from campaigns.domain.locales import language
from campaigns.domain.preferences import MOST_WEEKLY, Reach, Subject, Wording
from campaigns.domain.whereabouts import zones
from campaigns.page_templates import page_templates
from campaigns.web.pages.form import Box, Form, boxes
from campaigns.web.pages.look import style_sheet, version
from campaigns.web.pages.words import LANGUAGES, accepted, spoken, words

_TEMPLATES: Final = Path(__file__).parent / "templates"
_WEEKLY: Final = (1, 2, 3, 5, MOST_WEEKLY)


class Pages:
    """Writes every page, in a customer's language and the brand's colours."""

    def __init__(self, brand: Brand) -> None:
        self.brand = brand
        self.topics: Sequence[str] = tuple(brand.topics) or (ALL_TOPICS,)
        self.sheet = style_sheet(brand)
        self.headers = {"Content-Security-Policy": _policy(brand)}
        self._environment = page_templates(_TEMPLATES)
        self._environment.globals |= {"brand": brand, "style": version(self.sheet)}

    # Language ----------------------------------------------------------------------------------

    def locale_of(self, subject: Subject) -> str:
        """The locale in which a customer's pages are."""
        return spoken(subject.locale, self.brand.locales, self.brand.default_locale)

    def locale_for(self, accept_language: str) -> str:
        """The locale for somebody of whom only the browser's languages are known."""
        known = [code for code in accepted(accept_language) if code in LANGUAGES]
        wanted = known[0] if known else self.brand.default_locale
        return spoken(wanted, self.brand.locales, self.brand.default_locale)

    def saying(self, locale: str) -> Callable[..., str]:
        """Looks words up by their key."""
        known = words(language(locale))

        def say(key: str, **values: object) -> str:
            return str(known[key]).format(brand=self.brand.name, **values)

        return say

    # Pages -------------------------------------------------------------------------------------

    def nowhere(self, accept_language: str) -> str:
        """A link that is none of ours, or leads to nobody any more."""
        locale = self.locale_for(accept_language)
        say = self.saying(locale)
        sender = self.brand.senders.email
        mail_to = (sender.reply_to or sender.address) if sender else ""
        return self._said(locale, say("unknown_title"), [say("unknown")], mail_to=mail_to)

    def unsubscribe(self, subject: Subject, here: str) -> str:
        """One button; nothing has changed yet."""
        locale = self.locale_of(subject)
        say = self.saying(locale)
        return self._write(
            "confirm.html",
            locale,
            heading=say("unsubscribe_title"),
            lines=[self._unsubscribe_line(subject, locale)],
            action=here,
            button=say("unsubscribe_button"),
            back="",
        )

    def unsubscribe_wording(self, subject: Subject) -> Wording:
        """What stands above that button, for the ledger."""
        locale = self.locale_of(subject)
        line = self._unsubscribe_line(subject, locale)
        return Wording("unsubscribe page", locale, line)

    def unsubscribed(self, subject: Subject) -> str:
        """Done."""
        locale = self.locale_of(subject)
        say = self.saying(locale)
        lines = [say("unsubscribed"), say("unsubscribed_back")]
        return self._said(locale, say("unsubscribed_title"), lines)

    def preferences(
        self, subject: Subject, form: Form, here: str, *, now: datetime, notice: str = ""
    ) -> str:
        """The preference page. `form`: as it stands, or as it was submitted; `notice`: the key of
        what has just been done."""
        locale = self.locale_of(subject)
        paused = subject.preferences.paused(now)
        return self._write(
            "preferences.html",
            locale,
            subject=subject,
            channels=boxes(subject, self.topics),
            form=form,
            here=here,
            notice=self.saying(locale)(notice) if notice else "",
            topic=lambda name: self._topic(name, locale),
            masked=masked,
            weekly=self._weekly(form),
            zone=self._zone(subject),
            locales=[(name, self._locale_name(name)) for name in self.brand.locales],
            shown_locale=form.choices.locale,
            paused_until=self._local(subject.preferences.paused_until, subject) if paused else None,
            rights=subject.may_use_rights(now),
        )

    def wordings(self, subject: Subject) -> dict[Box, Wording]:
        """The words beside each box of the form, for the ledger."""
        locale = self.locale_of(subject)
        say = self.saying(locale)
        return {
            box: Wording(
                "preference page",
                locale,
                f"{say('intro')} {say(box[0].value)}: {self._topic(box[1], locale)}",
            )
            for _, of_channel in boxes(subject, self.topics)
            for box in of_channel
        }

    def stop_wording(self, subject: Subject) -> Wording:
        """What stands above the button that stops everything, for the ledger."""
        locale = self.locale_of(subject)
        return Wording("preference page", locale, self.saying(locale)("stop"))

    def known(self, subject: Subject, document: Mapping[str, Any], here: str) -> str:
        """Everything kept about a customer, to read."""
        locale = self.locale_of(subject)
        return self._write(
            "known.html",
            locale,
            document=document,
            here=here,
            kinds=words(language(locale))["kinds"],
            topic=lambda name: self._topic(name, locale),
            language_name=self._locale_name,
        )

    def erase(self, subject: Subject, here: str) -> str:
        """What erasing means, and the button that does it."""
        locale = self.locale_of(subject)
        say = self.saying(locale)
        return self._write(
            "confirm.html",
            locale,
            heading=say("erase_title"),
            lines=[say("erase_what"), say("erase_kept")],
            action=f"{here}/delete",
            button=say("erase_button"),
            back=here,
        )

    def erased(self, locale: str) -> str:
        """Done; nobody is known any more, so the locale is what is left."""
        say = self.saying(locale)
        return self._said(locale, say("erased_title"), [say("erased")])

    # Parts -------------------------------------------------------------------------------------

    def _unsubscribe_line(self, subject: Subject, locale: str) -> str:
        kind = subject.via.address_kind
        name = "phone" if kind is AddressKind.PHONE else str(kind)
        reach = next((r for r in subject.reaches if r.channel is subject.via), None)
        address = masked(reach) if reach and reach.address else "…"
        return self.saying(locale)(f"unsubscribe_{name}", address=address)

    def _topic(self, name: str, locale: str) -> str:
        if name == ALL_TOPICS:
            return self.saying(locale)("everything")
        return in_locale(self.brand.topics.get(name, name), locale) or name

    def _weekly(self, form: Form) -> list[int]:
        """The numbers to choose from, with the customer's own whatever it is."""
        own = form.choices.weekly_most
        return sorted({*_WEEKLY, own} if own else _WEEKLY)

    def _locale_name(self, name: str) -> str:
        """A language in its own words, with the country where the brand has several of it."""
        parsed = Locale.parse(name)
        several = [n for n in self.brand.locales if language(n) == language(name)]
        told = parsed.get_display_name(name) if len(several) > 1 else parsed.get_language_name(name)
        return (told or name)[:1].upper() + (told or name)[1:]

    def _local(self, moment: datetime | None, subject: Subject) -> datetime | None:
        zone = subject.time_zone or self.brand.time_zone
        return None if moment is None else moment.astimezone(ZoneInfo(zone))

    def _zone(self, subject: Subject) -> str | None:
        """The zone by which their quiet hours go, as it is planned for; None where it may be one
        of several."""
        phone = next((r for r in subject.reaches if r.channel is Channel.SMS and r.address), None)
        channel, address = (phone.channel, phone.address) if phone else (Channel.EMAIL, "")
        found = zones(
            channel,
            address,
            time_zone=subject.time_zone,
            country=subject.country,
            home=self.brand.time_zone,
        )
        return found[0] if len(found) == 1 else None

    def _said(self, locale: str, heading: str, lines: Sequence[str], mail_to: str = "") -> str:
        return self._write(
            "said.html", locale, heading=heading, lines=lines, mail_to=mail_to, back=""
        )

    def _write(self, template: str, locale: str, **values: Any) -> str:
        def day(moment: datetime | str) -> str:
            when = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
            return format_date(when, "long", locale=locale)

        return self._environment.get_template(template).render(
            locale=locale, say=self.saying(locale), day=day, **values
        )


def _policy(brand: Brand) -> str:
    """Nothing runs, nothing is framed; images are the brand's logo alone."""
    logo = f" {brand.logo.url}" if brand.logo.url else ""
    return (
        f"default-src 'none'; style-src 'self'; img-src data:{logo}; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )


def masked(reach: Reach) -> str:
    """An address that its owner knows again and nobody else learns: mail is forwarded."""
    if reach.channel is Channel.EMAIL:
        local, _, domain = reach.address.rpartition("@")
        return f"{local[:1]}…@{domain}"
    if reach.channel is Channel.X_DM:
        return f"@{reach.address[:2]}…"
    return f"… {reach.address[-3:]}"
