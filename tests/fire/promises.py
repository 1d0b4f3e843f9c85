"""What must hold after the fire, as one who stands outside can see it."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import msgspec
from e2e import plain_http
from e2e.server import ADMIN_TOKEN
from fire.cast import Cast
from fire.ledger import Ledger
from pipeline.aftermath import Aftermath

from leadflow.contracts.lead import StageChanged

RECEIPTS = 300  # asked for after a run
MOST_KIB = 400 * 1024  # resident memory of any service


def lost(ledger: Ledger, actions: Collection[str], seen: Aftermath) -> Iterator[str]:
    """Everything acknowledged is stored or refused with a reason; nothing is stored that nobody sent."""
    stored = {document.message_id for document in seen.touchpoints.values()}
    refused = {document.message_id for document in seen.rejections.values()}
    for message_id in (ledger.acknowledged.keys() | actions) - stored:
        yield f"{message_id} was acknowledged and is lost"
    for message_id in ledger.refused ^ refused:
        yield f"{message_id} should {'have been' if message_id in ledger.refused else 'not have been'} refused"
    sent_by_clients = {document.message_id for document in seen.touchpoints.values() if document.source != "admin"}
    for message_id in sent_by_clients - ledger.acknowledged.keys():
        yield f"{message_id} was never sent"


def heard_badly(heard: Sequence[StageChanged], published: Sequence[StageChanged]) -> Iterator[str]:
    """Who follows the stage changes has heard each once, each lead's in order and without a hole."""
    twice = [name for name, times in Counter(change.id for change in heard).items() if times > 1]
    if twice:
        yield f"{len(twice)} changes were heard more than once, such as {twice[:3]}"
    missing = {change.id for change in published} ^ {change.id for change in heard}
    if missing:
        yield f"{len(missing)} changes were published and not heard, or heard and not published: {sorted(missing)[:3]}"
    chains: dict[str, list[int]] = defaultdict(list)
    for change in heard:
        chains[change.profile_id].append(change.sequence)
    for pid, chain in chains.items():
        if chain != list(range(1, len(chain) + 1)):
            yield f"the changes of {pid} were heard as {chain}"


def without_receipt(cast: Cast, ledger: Ledger) -> Iterator[str]:
    """A share of what was acknowledged has a receipt that says what became of it; the documents tell of the rest."""
    url = f"http://127.0.0.1:{cast.of('admin-api')[0].port}/api/v1/receipts/"
    expected = {
        **dict.fromkeys(list(ledger.acknowledged)[:: max(1, len(ledger.acknowledged) // RECEIPTS)], "scored"),
        **dict.fromkeys(sorted(ledger.refused)[:RECEIPTS], "rejected"),
    }
    with plain_http.client(headers={"Authorization": f"Bearer {ADMIN_TOKEN}"}, timeout=20) as http:
        for message_id, status in expected.items():
            answer = http.get(url + message_id, params={"source": "web"})
            if not answer.is_success or answer.json()["status"] != status:
                yield f"receipt of {message_id}, which should be {status}: {answer.status_code} {answer.text[:200]}"


def ill(cast: Cast) -> Iterator[str]:
    """No member outgrew its memory, or has a traceback in its log."""
    for member in cast.members:
        member.note_memory()
        if member.peak_kib > MOST_KIB:
            yield f"{member.name} took {member.peak_kib // 1024} MiB"
        for line in member.log.read_text(errors="replace").splitlines():
            if _complains(line):
                yield f"{member.name} complained: {line[:1_500]}"


_ENDS_OF_AIOKAFKA = ("Unexpected error in sender routine", "MessageAccumulator._pop_batch", "Sender._send_produce_req")
"""How its producer dies of a lost connection: it says so with a traceback, and loses count of its batches. We told it
to end, or hear of it from the commit that fails."""


def _complains(line: str) -> bool:
    """A traceback anywhere, or an error of ours; that Kafka cannot be reached, its client may say as it likes."""
    try:
        entry = msgspec.json.decode(line, type=dict[str, Any])
    except msgspec.DecodeError:
        return "Traceback" in line
    if any(known in str(entry.get("event")) for known in _ENDS_OF_AIOKAFKA):
        return False
    ours = str(entry.get("logger", "")).startswith("leadflow")
    return "Traceback" in line or (ours and entry.get("level") in {"error", "critical"})
