"""What others do with the same messages, each in its usual way.

Run by tests.bench.peers, by the interpreter of an environment that has them.
`python peer_worker.py NAME JOB.json` prints one line of JSON: the seconds by the clock and of this
process's CPU, from the first message to the last.

Imports and set-up are done before the clock starts. Nothing of `campaigns` is imported.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

Job = dict[str, Any]
#: Sends all; its set-up is over.
Work = Callable[[], object]


def jinja2_sendgrid(job: Job) -> Work:
    """Jinja2 for each customer, and the SendGrid SDK one by one: what most people write."""
    write = _jinja(job)
    sendgrid, mail = import_module("sendgrid"), import_module("sendgrid.helpers.mail")
    client = sendgrid.SendGridAPIClient(job["sendgrid_key"], host=job["sendgrid_url"])

    def work() -> None:
        for customer in job["customers"]:
            subject, text, html = write(customer)
            message = mail.Mail(
                from_email=job["sender"],
                to_emails=customer["address"],
                subject=subject,
                plain_text_content=text,
                html_content=html,
            )
            assert client.send(message).status_code == 202

    return work


def jinja2_smtplib(job: Job) -> Work:
    """Jinja2 for each customer, `EmailMessage`, and the standard library over one connection."""
    write = _jinja(job)
    smtplib = import_module("smtplib")
    email = import_module("email.message")

    def work() -> None:
        with smtplib.SMTP("127.0.0.1", job["smtp_port"]) as server:
            for customer in job["customers"]:
                subject, text, html = write(customer)
                message = email.EmailMessage()
                message["From"] = job["sender"]
                message["To"] = customer["address"]
                message["Subject"] = subject
                message.set_content(text)
                message.add_alternative(html, subtype="html")
                server.send_message(message)

    return work


def django_post_office(job: Job) -> Work:
    """Queued by `send_many` with a template, then sent by `send_queued` (SQLite, its defaults)."""
    settings = import_module("django.conf").settings
    settings.configure(
        INSTALLED_APPS=["django.contrib.contenttypes", "post_office"],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": str(Path(job["folder"]) / "post_office.sqlite3"),
            }
        },
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
        POST_OFFICE={
            "BACKENDS": {"default": "django.core.mail.backends.smtp.EmailBackend"},
            "BATCH_SIZE": len(job["customers"]),
        },
        EMAIL_HOST="127.0.0.1",
        EMAIL_PORT=job["smtp_port"],
        USE_TZ=True,
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    )
    import_module("django").setup()
    import_module("django.core.management").call_command("migrate", verbosity=0)
    office, models = import_module("post_office.mail"), import_module("post_office.models")
    template = models.EmailTemplate.objects.create(
        name="mail", subject=job["subject"], content=job["text"], html_content=job["html"]
    )

    def work() -> None:
        office.send_many(
            [
                {
                    "recipients": [c["address"]],
                    "sender": job["sender"],
                    "template": template,
                    "context": c["values"],
                }
                for c in job["customers"]
            ]
        )
        office.send_queued(processes=1, log_level=0)

    return work


def apprise(job: Job) -> Work:
    """Jinja2 for each customer, and a notification each: Apprise has no other way to tell each
    something else. It makes the plain text from the HTML."""
    write = _jinja(job)
    module = import_module("apprise")

    def work() -> None:
        for customer in job["customers"]:
            subject, _text, html = write(customer)
            to = module.Apprise()
            to.add(
                f"mailto://127.0.0.1:{job['smtp_port']}/?mode=insecure&from={job['sender']}"
                f"&to={customer['address']}&format=html"
            )
            assert to.notify(body=html, title=subject, body_format=module.NotifyFormat.HTML)

    return work


def mailmerge(job: Job) -> Work:
    """Its command, with a template and a table of customers."""
    folder = Path(job["folder"])
    boundary = "alternative"
    kinds = (("plain", job["text"]), ("html", job["html"].replace(" }}", "|e }}")))
    (folder / "template.txt").write_text(
        f"TO: {{{{ address }}}}\nFROM: {job['sender']}\nSUBJECT: {job['subject']}\n"
        f'MIME-Version: 1.0\nContent-Type: multipart/alternative; boundary="{boundary}"\n\n'
        + "".join(
            f"--{boundary}\nContent-Type: text/{kind}; charset=utf-8\n\n{body}\n"
            for kind, body in kinds
        )
        + f"--{boundary}--\n"
    )
    (folder / "server.conf").write_text(
        f"[smtp_server]\nhost = 127.0.0.1\nport = {job['smtp_port']}\nsecurity = Never\n"
    )
    with (folder / "customers.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, ["address", *job["customers"][0]["values"]])
        table.writeheader()
        table.writerows({"address": c["address"], **c["values"]} for c in job["customers"])
    main = import_module("mailmerge.__main__").main
    command = ["--no-dry-run", "--no-limit", "--output-format", "text"]
    command += ["--template", str(folder / "template.txt")]
    command += ["--database", str(folder / "customers.csv")]
    command += ["--config", str(folder / "server.conf")]
    return lambda: main(command, standalone_mode=False)


def _jinja(job: Job) -> Callable[[Job], tuple[str, str, str]]:
    """Writes subject, text and HTML for one customer; the templates are compiled before."""
    jinja2 = import_module("jinja2")
    plain, escaping = jinja2.Environment(), jinja2.Environment(autoescape=True)
    subject, text = plain.from_string(job["subject"]), plain.from_string(job["text"])
    html = escaping.from_string(job["html"])

    def write(customer: Job) -> tuple[str, str, str]:
        values = customer["values"]
        return subject.render(values), text.render(values), html.render(values)

    return write


PEERS: dict[str, Callable[[Job], Work]] = {
    f.__name__: f for f in (jinja2_sendgrid, jinja2_smtplib, django_post_office, apprise, mailmerge)
}


def main() -> None:
    """One peer."""
    name, file = sys.argv[1:]
    job = json.loads(Path(file).read_text())
    work = PEERS[name](job)
    wall, cpu = time.perf_counter(), time.process_time()
    with contextlib.redirect_stdout(io.StringIO()):
        work()
    print(json.dumps({"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}))


if __name__ == "__main__":
    main()
