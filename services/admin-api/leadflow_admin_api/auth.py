"""The bearer token in front of everything below `/api/v1`, unknown paths included."""

import hmac

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from leadflow_admin_api.problems import Problem, problem_response

PREFIX = "/api/v1"


class RequireToken:
    """ASGI middleware: 401 with `WWW-Authenticate` unless `Authorization: Bearer <token>` is right.

    It stands before the routing, so that an endpoint cannot be forgotten.
    """

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._token = token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, or answer it."""
        path = scope.get("path", "")
        guarded = scope["type"] == "http" and (path == PREFIX or path.startswith(PREFIX + "/"))
        if not guarded or self._knows(Headers(scope=scope).get("authorization", "")):
            await self._app(scope, receive, send)
            return
        problem = Problem(
            401,
            "unauthorized",
            "send the admin token (LEADFLOW_ADMIN_TOKEN) as `Authorization: Bearer <token>`",
            headers={"WWW-Authenticate": 'Bearer realm="leadflow"'},
        )
        await problem_response(problem, path)(scope, receive, send)

    def _knows(self, authorization: str) -> bool:
        scheme, _, token = authorization.partition(" ")
        # In constant time, so that the answer's delay tells nothing about the token.
        return scheme.lower() == "bearer" and hmac.compare_digest(token.strip().encode(), self._token)
