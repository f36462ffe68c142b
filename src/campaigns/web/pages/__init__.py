"""The pages that links in messages lead customers to: unsubscribe, preferences, their data.

The token in the address is the key: no cookie, no account, no script. A page that is looked at
(GET, HEAD, by people, link scanners or prefetch) changes nothing; only a form that is sent does.
"""

from campaigns.web.pages.routes import router

__all__ = ["router"]
