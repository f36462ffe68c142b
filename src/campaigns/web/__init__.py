"""The public app: webhooks of the providers, click links, and the pages customers open.

HTTP only: it reads requests, calls verbs of `bootstrap`, and answers. It keeps nothing between
requests, so any number of it may run behind one address. See docs/web.md.
"""
