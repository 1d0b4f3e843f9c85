"""`python -m tools.arango_double --port 8529`: run the double until interrupted.

For instance for the driver's own tests; docs/arangodb.md says how many of those pass. `PUT /_double/troubles` with the
fields of `Troubles` makes trouble.
"""

import argparse
import asyncio

from tools.arango_double.accounts import Accounts
from tools.arango_double.server import running


async def main(port: int, user: str, password: str, secret: str) -> None:
    """Serve until the process ends."""
    async with running(Accounts({user: password}, secret), port=port) as server:
        print(server.url, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="tools.arango_double", description=__doc__)
    parser.add_argument("--port", type=int, default=8529, help="0 picks a free one")
    parser.add_argument("--user", default="root")
    parser.add_argument("--password", required=True)
    parser.add_argument("--secret", default="", help="what tokens are signed with; made up when not given")
    given = parser.parse_args()
    asyncio.run(main(given.port, given.user, given.password, given.secret))
