"""A server to be measured: `python -m bench.http.server bare|decode|observer FOLDER` prints its port and serves.

All three run on the same uvicorn with the same settings. `GET /bench/cpu` tells the CPU seconds of the process so far.
"""

import argparse
import asyncio
import contextlib
import os
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import msgspec
import uvloop

from bench.http import WRITE_KEY
from leadflow.cli.compose import Part, compose
from leadflow.cli.serve import bind, server
from leadflow.runtime.bootstrap import open_adapters
from leadflow.runtime.garbage import collect_rarely
from leadflow.runtime.health import Asgi, Health
from leadflow.runtime.secrets import Secrets
from leadflow.runtime.settings import load_settings

_SUCCESS = b'{"success":true}'
_HEADERS = [(b"content-type", b"application/json"), (b"content-length", str(len(_SUCCESS)).encode())]


class _Event(msgspec.Struct, rename="camel"):
    """An event with every field of the specification, typed."""

    type: str
    message_id: str | None = None
    user_id: str | None = None
    anonymous_id: str | None = None
    event: str | None = None
    name: str | None = None
    group_id: str | None = None
    previous_id: str | None = None
    original_timestamp: str | None = None
    sent_at: str | None = None
    timestamp: str | None = None
    properties: dict[str, Any] = {}
    traits: dict[str, Any] = {}
    context: dict[str, Any] = {}
    integrations: dict[str, Any] = {}


class _Batch(msgspec.Struct, rename="camel"):
    batch: list[_Event]
    write_key: str | None = None
    sent_at: str | None = None
    context: dict[str, Any] = {}


_decode = msgspec.json.Decoder(_Batch).decode


async def _read(receive: Any) -> bytes:
    body: bytes = b""
    while True:
        message = await receive()
        body += message["body"]
        if not message["more_body"]:
            return body


async def _succeed(send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
    await send({"type": "http.response.body", "body": _SUCCESS})


async def bare(_scope: Any, receive: Any, send: Any) -> None:
    """Read the body and answer: the least that any server does."""
    await _read(receive)
    await _succeed(send)


async def decode(_scope: Any, receive: Any, send: Any) -> None:
    """Read the body, decode a batch with every field typed, and answer."""
    _decode(await _read(receive))
    await _succeed(send)


def _with_cpu(app: Asgi) -> Asgi:
    """Answer the benchmark's own question ahead of an application."""

    async def site(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] != "/bench/cpu":
            await app(scope, receive, send)
            return
        body = str(time.process_time()).encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
        await send({"type": "http.response.body", "body": body})

    return site


async def _serve(kind: str, folder: Path) -> None:
    settings = load_settings(data=folder, port=0)
    async with AsyncExitStack() as stack:
        app: Asgi = {"bare": bare, "decode": decode}.get(kind, bare)
        if kind == "observer":
            adapters = await stack.enter_async_context(open_adapters(settings, b"the hash secret of a benchmark"))
            secrets = Secrets(keys={WRITE_KEY: "bench"}, admin_token="", hash_secret=b"")
            app = compose(frozenset({Part.OBSERVER}), settings, secrets, adapters.ports, Health({})).site
        collect_rarely()  # as every part of Leadflow does
        with bind(settings) as listener:
            running = server(_with_cpu(app), settings)
            serving = asyncio.create_task(running.serve([listener]))
            await running.ready.wait()
            sys.stdout.write(f"{listener.getsockname()[1]}\n")
            sys.stdout.flush()
            await asyncio.to_thread(sys.stdin.read)  # until whoever started it goes or closes
            running.ask_to_stop()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(serving, 5)


def main() -> None:
    """Serve until the standard input closes."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("kind", choices=("bare", "decode", "observer"))
    arguments.add_argument("folder", type=Path)
    given = arguments.parse_args()
    os.umask(0o077)
    uvloop.run(_serve(given.kind, given.folder))


if __name__ == "__main__":
    main()
