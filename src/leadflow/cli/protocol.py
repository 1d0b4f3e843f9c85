"""uvicorn's side of an HTTP connection, with one way more to answer: whole, in one write.

uvicorn takes an answer apart into head and body, looks each header over and writes twice. For an answer of fifteen
bytes that is as much work as writing its event to the log.
"""

import asyncio
from collections.abc import Sequence
from typing import cast

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from leadflow.runtime.whole_answer import EXTENSION


class Protocol(HttpToolsProtocol):
    """Offers `leadflow.runtime.whole_answer`. Whatever is out of the ordinary is left to uvicorn."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Prepare what every request of the connection is offered."""
        super().connection_made(cast("asyncio.Transport", transport))
        self._offer = {EXTENSION: {"write": self._write_whole}}
        self._headers: Sequence[tuple[bytes, bytes]] = ()
        self._headers_text = b""

    def on_message_begin(self) -> None:
        """Offer the extension to the request that begins."""
        super().on_message_begin()
        self.scope["extensions"] = self._offer  # type: ignore[typeddict-item]  # ASGI asks for any dict

    def _write_whole(self, status: int, rest: bytes) -> bool:
        """Answer the request that is being served: the latest one, as long as no other waits behind it."""
        cycle = self.cycle
        if self.pipeline or cycle.response_started or cycle.disconnected or not cycle.keep_alive:
            return False
        if self.flow.write_paused:
            return False
        cycle.response_started = cycle.response_complete = True
        self.transport.write(STATUS_LINE[status] + self._own_headers() + rest)
        cycle.message_event.set()  # whoever still listens learns that it is over
        cycle.on_response()
        return True

    def _own_headers(self) -> bytes:
        """Write the server's own headers, of which uvicorn makes a new list each second and never changes one."""
        headers = self.server_state.default_headers
        if headers is not self._headers:
            self._headers_text = b"".join(b"%s: %s\r\n" % header for header in headers)
            self._headers = headers
        return self._headers_text
