"""Users, passwords and tokens. A token is a JSON Web Token signed with the server's secret (HS256)."""

import base64
import hashlib
import hmac
import json
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

from tools.arango_double import errors
from tools.arango_double.errors import ArangoError


@dataclass(slots=True)
class Accounts:
    """Who may do what: {user: password}, and the databases that each may use."""

    passwords: dict[str, str]
    secret: str = field(default_factory=lambda: secrets.token_hex(16))
    token_seconds: int = 3600
    permitted: dict[str, set[str]] = field(default_factory=dict)

    def check(self, header: str, database: str) -> None:
        """Let a request in by its Authorization header. Error 11 for whom nobody knows."""
        kind, _, rest = header.partition(" ")
        match kind.lower():
            case "basic":
                user = self._by_password(rest)
            case "bearer":
                user = self._by_token(rest)
            case _:
                user = None
        if user is None or (user != "root" and database not in self.permitted.get(user, ())):
            raise ArangoError(errors.NOT_AUTHORIZED)

    def log_in(self, user: str, password: str) -> str:
        """A token for a user. Error 11 for a wrong password."""
        if not hmac.compare_digest(self.passwords.get(user, ""), password) or user not in self.passwords:
            raise ArangoError(errors.NOT_AUTHORIZED)
        now = int(time.time())
        claims = {"preferred_username": user, "iss": "arangodb", "iat": now, "exp": now + self.token_seconds}
        head = f"{_coded({'alg': 'HS256', 'typ': 'JWT'})}.{_coded(claims)}"
        return f"{head}.{self._signature(head)}"

    def _by_password(self, text: str) -> str | None:
        user, _, password = base64.b64decode(text).decode().partition(":")
        return user if self.passwords.get(user) == password and user in self.passwords else None

    def _by_token(self, token: str) -> str | None:
        head, _, signature = token.rpartition(".")
        if not hmac.compare_digest(self._signature(head), signature):
            return None
        claims = json.loads(_decoded(head.partition(".")[2]))
        if claims.get("exp", 0) < time.time():
            return None
        return str(claims.get("preferred_username") or "root")  # a token of the server itself may do all

    def _signature(self, head: str) -> str:
        return _base64(hmac.new(self.secret.encode(), head.encode(), hashlib.sha256).digest())


def _coded(value: Any) -> str:
    return _base64(json.dumps(value).encode())


def _base64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
