"""`python -m arango_double [port] [user password secret]`: run the double until interrupted.

For instance for the driver's own tests; docs/arangodb.md says how many of them pass.
"""

import asyncio
import sys

from arango_double.accounts import Accounts
from arango_double.server import running


async def main(port: int, user: str, password: str, secret: str) -> None:
    """Serve until the process ends."""
    async with running(Accounts({user: password}, secret), port=port) as server:
        print(server.url, flush=True)  # noqa: T201 - whoever started it waits for this
        await asyncio.Event().wait()


if __name__ == "__main__":
    given = sys.argv[1:]
    port, user, password, secret = (*given, *("8529", "root", "passwd", "secret")[len(given) :])
    asyncio.run(main(int(port), user, password, secret))
