"""Whether a touchpoint has been counted: at its leaf, and by every lead above it up to the person's root."""

from leadflow.contracts.collections import LEADS
from leadflow.contracts.documents import LeadDoc, TouchpointDoc
from leadflow.ports import Store
from leadflow_admin_api.trees import EMPTY_LEAD, root_of


async def is_counted(store: Store, doc: TouchpointDoc) -> bool:
    """Whether the leaf's mark of that stream is at or past the touchpoint, and the root knows of it.

    What is said to be scored can thus be seen in the lead, also where a merge is still on its way to the root.
    """
    if doc.addr is None or doc.src is None:
        return False
    stream, position = doc.src
    lead = await _lead(store, doc.addr)
    return lead.marks.get(stream, -1) >= position and await _is_at_root(store, doc.addr, lead)


async def _is_at_root(store: Store, leaf: str, lead: LeadDoc) -> bool:
    """Whether every lead from the leaf up to its root knows the value of the one below it."""
    root, _ = await root_of(store, leaf)
    below = leaf
    while lead.parent is not None:
        above = await _lead(store, lead.parent)
        entry = above.children.get(below)
        if entry is None or (entry.gen, entry.version) < (lead.gen, lead.version):
            return False
        below, lead = lead.parent, above
    return below == root


async def _lead(store: Store, profile_id: str) -> LeadDoc:
    [found] = await store.get(LEADS, [profile_id])
    return found.value if found else EMPTY_LEAD
