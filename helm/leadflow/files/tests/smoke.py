"""What `helm test` runs in the cluster: send one event, see it acknowledged, wait until it has been scored.

`python smoke.py OBSERVER_URL ADMIN_URL SECONDS`. Keys come from LEADFLOW_WRITE_KEYS and LEADFLOW_ADMIN_TOKEN, else from
the secrets.json of an embedded pod's volume, LEADFLOW_DATA. Needs Python alone. Exit code 0: scored; 1: not in time;
2: refused, or a key is missing.
"""

import base64
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from pathlib import Path
from typing import Any

PAUSE = 0.5  # seconds between two looks at the receipt
PATIENCE = 10.0  # seconds for one answer


def key(name: str) -> str:
    """Return a key from the environment or from the volume. KeyError if neither has it."""
    given = os.environ.get(f"LEADFLOW_{name.upper()}")
    if given:
        return given
    kept = Path(os.environ.get("LEADFLOW_DATA", "/data")) / "secrets.json"
    return str(json.loads(kept.read_text(encoding="utf-8"))[name])


def ask(url: str, authorization: str, body: object = None) -> Any:
    """Send a request and return its JSON. HTTPError for what is refused."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": authorization, "Content-Type": "application/json"}
    request = urllib.request.Request(url, data, headers)  # noqa: S310 - the URL is the chart's own
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
        return json.load(answer)


def status(admin: str, token: str, message_id: str, source: str) -> str:
    """Return what has become of the event so far."""
    query = urllib.parse.urlencode({"source": source})
    try:
        return str(ask(f"{admin}/api/v1/receipts/{message_id}?{query}", f"Bearer {token}")["status"])
    except urllib.error.HTTPError as error:
        if error.code == 404:  # noqa: PLR2004 - nobody has read it yet
            return "acknowledged"
        raise


def main(observer: str, admin: str, seconds: float) -> int:
    """Do it, and say on stdout how far it came."""
    source, _, write_key = key("write_keys").split(",")[0].partition(":")
    message_id = f"helm-test-{uuid.uuid4()}"
    event = {"messageId": message_id, "anonymousId": message_id, "event": "Helm Test", "type": "track"}
    basic = base64.b64encode(f"{write_key}:".encode()).decode()
    answer = ask(f"{observer}/v1/track", f"Basic {basic}", event)
    print(f"{message_id}: acknowledged with {answer}")
    deadline = time.monotonic() + seconds
    while (found := status(admin, key("admin_token"), message_id, source)) != "scored":
        if found == "rejected" or time.monotonic() > deadline:
            print(f"{message_id}: {found} after {seconds:g} s; the logs of processor and scoring say why")
            return 1
        time.sleep(PAUSE)
    print(f"{message_id}: scored")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1].rstrip("/"), sys.argv[2].rstrip("/"), float(sys.argv[3])))
    except urllib.error.HTTPError as refused:
        print(f"{refused.url.partition('?')[0]}: {refused.code} {refused.reason}")
    except (OSError, KeyError) as problem:
        print(f"{type(problem).__name__}: {problem}")
    sys.exit(2)
