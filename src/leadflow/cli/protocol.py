"""uvicorn's side of an HTTP connection, with two ways more: an answer in one write, and a request without a task.

uvicorn takes an answer apart into head and body, looks each header over and writes twice. For an answer of fifteen
bytes that is as much work as writing its event to the log. For each request it parses a head that came before,
makes a scope, a cycle and a task; for those that an application takes directly there is no need of any.
"""

import asyncio
from collections.abc import Sequence
from typing import cast

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from leadflow.cli.heads import LONGEST, Heads
from leadflow.runtime import direct, whole_answer

_HEAD_END = b"\r\n\r\n"


class State(ServerState):
    """What the connections of a server share."""

    def __init__(self) -> None:
        super().__init__()
        self.heads = Heads()


class Protocol(HttpToolsProtocol):
    """Offers `leadflow.runtime.whole_answer` and `.direct`. Whatever is out of the ordinary is left to uvicorn.

    A request goes the direct way if it came whole, alone, and with nothing before it on its connection under way.
    """

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Prepare what every request of the connection is offered."""
        super().connection_made(cast("asyncio.Transport", transport))
        self._heads = cast("State", self.server_state).heads
        self._offer = {
            whole_answer.EXTENSION: {"write": self._write_whole},
            direct.EXTENSION: {"offer": self._heads.offer},
        }
        self._headers: Sequence[tuple[bytes, bytes]] = ()
        self._headers_text = b""
        self._reading = False  # uvicorn's parser is amid a request, or will not read another one as ever
        self._taken = False  # a request has been taken directly and waits for its answer
        self._held = b""  # came meanwhile
        self._is_last = False  # the answer ends the connection
        self._gone = False
        self._answered_at = 0.0  # when the last direct answer was given, by the loop's time

    # --- in ---

    def data_received(self, data: bytes) -> None:
        """Take a request directly, or let uvicorn read on."""
        if self._taken:  # the next request did not wait for the answer to this one
            self._held += data
            self.flow.pause_reading()
        elif self._reading or not self._take(data):
            super().data_received(data)

    def _take(self, data: bytes) -> bool:
        """Take a request directly, if it may be."""
        end = data.find(_HEAD_END, 0, LONGEST) + len(_HEAD_END)
        found = self._heads.find(data[:end]) if end >= len(_HEAD_END) else None
        if found is None or self.flow.write_paused or not (self.cycle is None or self.cycle.response_complete):
            return False
        length, take = found
        if len(data) - end != length:
            return False
        self._taken = True
        take(data[end:], self._reply)
        return True

    def on_message_begin(self) -> None:
        """Offer the extensions to the request that begins."""
        self._reading = True
        super().on_message_begin()
        self.scope["extensions"] = self._offer  # type: ignore[typeddict-item]  # ASGI asks for any dict

    def on_message_complete(self) -> None:
        """Note that the parser waits for another request."""
        super().on_message_complete()
        self._reading = self.parser.should_upgrade()

    # --- out ---

    def _reply(self, status: int, headers: bytes, body: bytes) -> None:
        """Answer the request that was taken directly."""
        self._taken = False
        if self._gone:
            return
        self.server_state.total_requests += 1
        ending = b"connection: close\r\n\r\n" if self._is_last else b"\r\n"
        self.transport.write(b"".join((STATUS_LINE[status], self._own_headers(), headers, ending, body)))
        if self._is_last:
            self.transport.close()
            return
        self._answered_at = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._wait_for_more(self.timeout_keep_alive)
        if self._held:
            held, self._held = self._held, b""
            self.flow.resume_reading()
            self.data_received(held)

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

    # --- the end ---

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection on which nothing comes any more. Direct requests leave the timer as it is until then."""
        left = self._answered_at + self.timeout_keep_alive - self.loop.time()
        if self._taken or left > 0:
            self._wait_for_more(self.timeout_keep_alive if self._taken else left)
        else:
            super().timeout_keep_alive_handler()

    def _wait_for_more(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def shutdown(self) -> None:
        """End the connection, with the answer that is still to be given if there is one."""
        if self._taken:
            self._is_last = True
        else:
            super().shutdown()

    def connection_lost(self, exc: Exception | None) -> None:
        """Drop what came and cannot be answered any more."""
        self._gone = True
        self._held = b""
        super().connection_lost(exc)
        self._unset_keepalive_if_required()
