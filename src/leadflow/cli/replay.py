"""`leadflow replay`: leads rebuilt from the timeline, dead letters sent again, parked leads released."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from leadflow.contracts.collections import MODELS
from leadflow.core.time import from_rfc3339
from leadflow.pipeline.ingest.refusal import Refusal
from leadflow.pipeline.replay import rebuild
from leadflow.pipeline.replay.dead_letters import UnusableFile, Wanted, dead_letters, read_repairs, repair
from leadflow.pipeline.replay.parked import parked_commands, parked_leads, release_leads, resend_commands
from leadflow.ports import LeadflowError, Ports, Store
from leadflow.runtime.bootstrap import open_adapters
from leadflow.runtime.model import scoring_model
from leadflow.runtime.secrets import Secrets
from leadflow.runtime.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console

_SHOWN = 20  # lines of a report
_LOOK_EVERY = 0.1  # seconds
_PATIENCE = 60.0  # seconds without any step forward


class ReplayError(LeadflowError):
    """A replay cannot begin: the message says what to do."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What `leadflow replay` was asked for. `file`: repaired events, see `read_repairs`."""

    source: str | None = None
    code: str | None = None
    since: str | None = None
    file: Path | None = None
    dry_run: bool = False

    def wanted(self) -> Wanted:
        """Which dead letters. Raises ReplayError."""
        try:
            return Wanted(self.source, self.code, from_rfc3339(self.since) if self.since else 0)
        except ValueError:
            raise ReplayError(f"--since: {self.since!r} is no instant; write 2026-11-21T18:00:00Z") from None

    def repairs(self) -> dict[tuple[str, str], bytes]:
        """The repaired events. Raises ReplayError."""
        if self.file is None:
            return {}
        try:
            return read_repairs(self.file.read_bytes().splitlines())
        except (OSError, UnusableFile) as error:
            raise ReplayError(f"--file: {error}") from error


def replay(settings: Settings, secrets: Secrets, asked: Asked, *, rejected: bool, parked: bool) -> None:
    """Do what was asked. Raises ReplayError, SettingsError."""
    # rich comes with the embedded installation: the services of the distributed mode start without it.
    from rich.console import Console  # noqa: PLC0415

    console = Console()

    async def run() -> None:
        async with open_adapters(settings, secrets.hash_secret) as adapters:
            if rejected:
                await _send_again(adapters.ports, asked, console)
            elif parked:
                await _release(adapters.ports, asked, console)
            else:
                await _rebuild(adapters.ports, settings, asked, console)

    asyncio.run(run())


async def _send_again(ports: Ports, asked: Asked, console: "Console") -> None:
    """Send dead letters as repairs, a line for each kind of outcome."""
    events, outcomes, shown = asked.repairs(), Counter[str](), 0
    async for letter in dead_letters(ports.store, asked.wanted()):
        emit = repair(letter, events, ports.hasher)
        outcome = "would be sent again" if asked.dry_run else "sent again"
        if emit is None:
            outcome = "was never stored: needs a repaired event (--file)"
        elif isinstance(emit, Refusal):
            outcome = f"its repaired event is wrong: {emit.code}"
        elif not asked.dry_run:
            await ports.log.append([emit])
        outcomes[outcome] += 1
        if shown < _SHOWN and (asked.dry_run or isinstance(emit, Refusal)):
            shown += 1
            console.print(f"{letter.source} {letter.message_id} {letter.hop} {letter.code}: {outcome}", markup=False)
    for outcome, count in outcomes.items():
        console.print(f"{count} {outcome}", markup=False)
    if not outcomes:
        console.print("no dead letters")


async def _release(ports: Ports, asked: Asked, console: "Console") -> None:
    """Tell the owners of parked leads to go on; send parked commands again."""
    leads, commands = await parked_leads(ports.store), await parked_commands(ports.store)
    for lead in leads[:_SHOWN]:
        console.print(f"{lead.profile_id} at {lead.parked.position}, {lead.waiting} waiting: {lead.parked.reason}")
    for stored in commands[:_SHOWN]:
        console.print(f"{stored.value.topic} at {stored.value.position}: {stored.value.reason}", markup=False)
    if not asked.dry_run:
        _ = [pid async for pid in release_leads(ports.log, ports.store)]
        _ = [stored async for stored in resend_commands(ports.log, ports.store)]
    done = "would be" if asked.dry_run else "are"
    console.print(f"{len(leads)} leads {done} released, {len(commands)} commands {done} sent again")


async def _rebuild(ports: Ports, settings: Settings, asked: Asked, console: "Console") -> None:
    """Count all leads anew beside the live ones, then let their owners take over what differs."""
    from leadflow.cli.replay_bar import bar, share_of  # noqa: PLC0415 - rich, see above

    model = scoring_model(settings)
    await _same_model(ports.store, model.version)
    if not asked.dry_run:
        await rebuild.clear(ports.store)
    leads, findings, pids = 0, Counter[str](), list[str]()
    with bar(console, "counting leads anew") as tell:
        async for pid, finding in rebuild.compare(ports.store, model):
            leads += 1
            tell(share_of(pid))
            if finding is None:
                continue
            findings.update(finding.differs)
            pids += [pid] if finding.rebuilt is not None else []
            if len(pids) <= _SHOWN:
                console.print(f"{pid}: {', '.join(finding.differs)}", markup=False, highlight=False)
            if not asked.dry_run:
                await rebuild.lay_down(ports.store, finding)
        tell(1.0)
    for what, count in sorted(findings.items()):
        console.print(f"{count} leads differ in: {what}", markup=False)
    console.print(f"{leads} leads are counted, {len(pids)} {'would be' if asked.dry_run else 'are'} rebuilt")
    if pids and not asked.dry_run:
        await _swap(ports, pids, console)


async def _same_model(store: Store, version: str) -> None:
    (known,) = await store.get(MODELS, ["current"])
    if known is not None and known.value.version != version:
        raise ReplayError(
            f"the leads are counted with the model {known.value.name} {known.value.version}, this is {version}: "
            "give that one with --model, or start scoring with this one, which counts all leads anew"
        )


async def _swap(ports: Ports, pids: list[str], console: "Console") -> None:
    """Order the swap and wait until the owners have done it, as long as they come forward."""
    from leadflow.cli.replay_bar import bar  # noqa: PLC0415
    from leadflow_scoring.service import GROUP  # noqa: PLC0415

    ends = await rebuild.order(ports.log, pids)
    total = left = await rebuild.left(ports.log, GROUP, ends)
    moved = time.monotonic()
    with bar(console, "taking them over") as tell:
        while left and time.monotonic() - moved < _PATIENCE:
            await asyncio.sleep(_LOOK_EVERY)
            now = await rebuild.left(ports.log, GROUP, ends)
            if now < left:
                left, moved = now, time.monotonic()
            tell(1 - left / total)
    if left:
        console.print("scoring does not run: it takes them over when it does")
    else:
        await rebuild.clear(ports.store)
