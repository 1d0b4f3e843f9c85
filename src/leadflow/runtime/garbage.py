"""When Python looks for garbage: batches of thousands of living objects make its defaults a fifth of the work."""

import gc

_YOUNG = 50_000  # new objects; 700 by default, which one batch of records passes dozens of times
_MIDDLE, _OLD = 20, 20


def collect_rarely() -> None:
    """Look for cycles after many more new objects, and never again at what is there now. Call it once all is set up.

    Nearly everything here is freed by its reference count; only cycles, as in tracebacks, wait a little longer.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)
