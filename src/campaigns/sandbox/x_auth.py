"""X's OAuth 1.0a user context: the signature of every request is verified.

A client that is pointed at the sandbox rewrites the address after signing, so the signature is
over the public one; both of X's host names are tried.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from oauthlib.oauth1 import RequestValidator, ResourceEndpoint

if TYPE_CHECKING:
    from campaigns.sandbox.call import Call
    from campaigns.sandbox.config import SandboxConfig

_HOSTS = ("https://api.twitter.com", "https://api.x.com")
_MAX_AGE = 300


class Keys(RequestValidator):  # type: ignore[misc]
    """The one app and its one user, as oauthlib asks about them."""

    dummy_client = "nobody"
    dummy_access_token = "nobody"  # noqa: S105 – stands for an unknown token

    def __init__(self, config: SandboxConfig) -> None:
        super().__init__()
        self._config = config
        self._nonces: dict[tuple[str, str], float] = {}

    def check_client_key(self, client_key: str) -> bool:
        """Keys of the sandbox need no particular form."""
        return bool(client_key)

    def check_access_token(self, request_token: str) -> bool:
        """Tokens of the sandbox need no particular form."""
        return bool(request_token)

    def check_nonce(self, nonce: str) -> bool:
        """Any nonce will do once."""
        return bool(nonce)

    def validate_client_key(self, client_key: str, request: object) -> bool:  # noqa: ARG002
        """Whether the app is ours."""
        return client_key == self._config.x_consumer_key

    def validate_access_token(self, client_key: str, token: str, request: object) -> bool:  # noqa: ARG002
        """Whether the user is ours."""
        return token == self._config.x_access_token

    def get_client_secret(self, client_key: str, request: object) -> str:  # noqa: ARG002
        """The app's secret."""
        return self._config.x_consumer_secret

    def get_access_token_secret(self, client_key: str, token: str, request: object) -> str:  # noqa: ARG002
        """The user's secret."""
        return self._config.x_access_token_secret

    def validate_realms(self, *_: object, **__: object) -> bool:
        """X has no realms."""
        return True

    def validate_timestamp_and_nonce(
        self, _client_key: str, timestamp: str, nonce: str, *_: object, **__: object
    ) -> bool:
        """Whether the request is fresh; `remember` refuses it the second time."""
        fresh = abs(time.time() - int(timestamp)) <= _MAX_AGE
        return fresh and (timestamp, nonce) not in self._nonces

    def remember(self, timestamp: str, nonce: str) -> None:
        """Never take this nonce again."""
        now = time.time()
        if len(self._nonces) > 10_000:
            self._nonces = {k: t for k, t in self._nonces.items() if now - t <= 2 * _MAX_AGE}
        self._nonces[timestamp, nonce] = now


class Signatures:
    """Verifies requests."""

    def __init__(self, config: SandboxConfig) -> None:
        self._keys = Keys(config)
        self._endpoint = ResourceEndpoint(self._keys)

    def verify(self, call: Call) -> bool:
        """Whether the request is signed with the configured keys, fresh, and not seen before."""
        authorization = call.headers.get("Authorization", "")
        if not authorization.startswith("OAuth "):
            return False
        query = f"?{call.query}" if call.query else ""
        headers = {"Authorization": authorization}
        for host in _HOSTS:
            try:
                valid, request = self._endpoint.validate_protected_resource_request(
                    host + call.path + query, http_method=call.method, headers=headers
                )
            except ValueError:  # the header is no OAuth header
                return False
            if valid:
                self._keys.remember(request.timestamp, request.nonce)
                return True
        return False
