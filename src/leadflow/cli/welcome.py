"""What `leadflow up` prints when it serves: where everything is, the generated keys once, a curl to paste."""

import shlex
import sys
from pathlib import Path

from leadflow.runtime.secrets import Secrets
from leadflow.runtime.settings import Settings

_EVENT = '{"anonymousId":"anon-1","event":"Demo Requested","properties":{"email":"lan@example.vn","name":"Lan"}}'
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}  # noqa: S104 - turned into a reachable one


def welcome(settings: Settings, secrets: Secrets, port: int) -> str:
    """Return the start-up message."""
    base = f"http://{_EVERYWHERE.get(settings.host, settings.host)}:{port}"
    lines = [
        "",
        f"  Leadflow is up on {base}",
        "",
        f"  send events to   {base}/v1/batch   (any Segment SDK: host={base})",
        f"  read leads at    {base}/api/v1/leads   (described at {base}/openapi.json)",
        f"  health, metrics  {base}/readyz  {base}/metrics",
        f"  data             {settings.data.resolve()}",
        "",
        *_keys(secrets),
        "  Paste this: somebody asks for a demo",
        f"    curl -s {base}/v1/track -u {_write_key(settings, secrets)}: -d {shlex.quote(_EVENT)}",
        "  and then this: the lead that came of it",
        f'    curl -s {base}/api/v1/leads -H "Authorization: Bearer {_token(settings, secrets)}"',
        "",
    ]
    return "\n".join(lines)


def _keys(secrets: Secrets) -> list[str]:
    """Show what was generated and never shown; of the rest, say only where it is."""
    shown = {
        "write_keys": [f"  write key        {key}   (source {name!r})" for key, name in secrets.keys.items()],
        "admin_token": [f"  admin token      {secrets.admin_token}"],
    }
    lines = [line for name in secrets.unshown for line in shown.get(name, [])]
    if lines:
        return ["  Generated, and shown only this once:", *lines, f"  kept in          {_place(secrets)}", ""]
    if secrets.path is not None:
        return [f"  The keys are in  {_place(secrets)}", ""]
    return []


def _place(secrets: Secrets) -> str:
    """Return where the keys are kept."""
    return str(secrets.path.resolve()) if secrets.path else "the environment"


def _write_key(settings: Settings, secrets: Secrets) -> str:
    """Return the key itself if it was shown just now, else a command that looks it up."""
    if "write_keys" in secrets.unshown:
        return next(iter(secrets.keys))
    return f'"$({_command(settings)} write)"'


def _token(settings: Settings, secrets: Secrets) -> str:
    """Return the token itself if it was shown just now, else a command that looks it up."""
    if "admin_token" in secrets.unshown:
        return secrets.admin_token
    return f"$({_command(settings)} admin)"


def _command(settings: Settings) -> str:
    """Return the command that prints a key; the shell that pastes it has the same environment."""
    called = Path(sys.argv[0])
    program = str(called.absolute()) if called.name == "leadflow" else "leadflow"
    return f"{shlex.quote(program)} key --data {shlex.quote(str(settings.data.resolve()))}"
