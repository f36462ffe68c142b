"""Examples below a command's help: lines to copy, the commonest first.

tests/acceptance/test_docs.py holds that each of them exists with the options shown."""

from __future__ import annotations

from typing import Final

EXAMPLES: Final = {
    "sample": ("campaigns sample --count 50 --out customers.csv",),
    "import": (
        "campaigns import subscribed.csv                  # an export known by its headers",
        "campaigns import crm.csv --mapping crm.yaml      # any other: docs/importing.md",
    ),
    "import-events": ("campaigns import-events receipts.csv --source till",),
    "export": (
        "campaigns export ana@example.com --out ana.json",
        "campaigns export --all --out everyone.csv",
    ),
    "matches": (
        "campaigns matches find",
        'campaigns matches accept 7 --by Ana --why "asked her"',
    ),
    "merge": ("campaigns merge crm:12 ana@example.com --by Ana",),
    "learn": ("campaigns learn --report",),
    "readmit": ('campaigns readmit S0000002 ana@example.com --by Marta --why "asked in the shop"',),
    "erase": ('campaigns erase S0000002 --by Marta --why "asked by letter"',),
    "check": (
        "campaigns check                                  # all campaigns",
        "campaigns check spring_sale --sarif > found.sarif",
    ),
    "measure": ("echo -n 'Hola, Núria' | campaigns measure --channel sms",),
    "diff": (
        "campaigns diff 8c4f30d1 dfeb77f5                 # as `campaigns show run` names them",
    ),
    "plan": (
        "campaigns plan spring_sale",
        "campaigns plan spring_sale --channel sms --html plan.html",
    ),
    "approve": ("campaigns approve spring_sale --by Berta --first 500",),
    "reject": ('campaigns reject spring_sale --by Berta --why "last year\'s code"',),
    "run": (
        "campaigns run spring_sale --limit 10             # ten people first, then",
        "campaigns run spring_sale                        # everybody else",
        "campaigns run spring_sale --channel email --locale es_ES",
    ),
    "calendar": ("campaigns calendar --weeks 8 --html calendar.html",),
    "show": (
        "campaigns show customer ana@example.com",
        "campaigns show delivery 345",
        "campaigns show run --watch                       # the newest, until it has ended",
    ),
    "pause": ('campaigns pause 12 --why "wrong price"',),
    "cancel": ('campaigns cancel 12 --why "called off"',),
    "reconcile": ("campaigns reconcile --list",),
    "resolve": (
        'campaigns resolve 345 346 --sent --by Ana --why "they answered it"',
        'campaigns resolve 345 --resend --by Ana --why "it never came"',
    ),
    "arm": ('campaigns arm --by Ana --why "the old machine is gone"',),
    "audit": (
        "campaigns audit run:12",
        "campaigns audit --most 20",
    ),
    "report": (
        "campaigns report spring_sale                     # its newest run",
        "campaigns report 12 --out report.html --out figures.csv",
    ),
    "experiment": (
        "campaigns experiment spring_sale",
        "campaigns experiment --outcomes outcomes.csv --arm segment --goal visit",
    ),
    "reproduce": ("campaigns reproduce 345                          # a delivery's number",),
    "inbox": (
        "campaigns inbox list",
        'campaigns inbox answer 3 "Sí, en la tienda del centro." --by Marta',
    ),
    "keys": ("campaigns keys create till --scope events:write --by Ana",),
    "deploy": ("campaigns deploy --notify slack-webhook/marketing",),
}


def below(name: str) -> str | None:
    """What click prints below the help of a command; None without examples."""
    lines = EXAMPLES.get(name)
    return None if lines is None else "\n  ".join(("\b\nExamples:", *lines))
