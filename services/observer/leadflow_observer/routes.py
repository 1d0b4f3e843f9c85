"""The observer's paths and what each says about its request."""

import msgspec

from leadflow.core.touchpoint import TouchpointType
from leadflow.pipeline.ingest.parcel import Call


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """`path` in its one spelling, for metrics. `pixel`: the event comes in the address, the answer is a picture."""

    path: str
    call: Call
    method: str = "POST"
    pixel: bool = False


_ADMIN = "/api/"  # the admin API has a `/v1/` of its own
_TYPES: tuple[TouchpointType, ...] = ("identify", "track", "page", "screen", "group", "alias")
_BATCH = Route(path="/v1/batch", call=Call(batch=True))
_SINGLE = {kind: Route(path=f"/v1/{kind}", call=Call(type=kind)) for kind in _TYPES}

ROUTES: dict[str, Route] = {
    **{route.path: route for route in _SINGLE.values()},
    **{f"/v1/{kind[0]}": route for kind, route in _SINGLE.items()},
    "/v1/batch": _BATCH,
    "/v1/b": _BATCH,
    "/v1/import": Route(path="/v1/import", call=Call(batch=None, historical=True)),
    "/beacon/v1/batch": Route(path="/beacon/v1/batch", call=Call(batch=True, web=True)),
    "/v1/pixel.gif": Route(path="/v1/pixel.gif", method="GET", pixel=True, call=Call(web=True, keep_bad=True)),
}


def route_of(path: str) -> Route | None:
    """Look a path up; a slash at its end is tolerated, and a prefix, as SDKs and proxies can be told to set one."""
    return ROUTES.get(path) or ROUTES.get(path.rstrip("/")) or _behind_prefix(path)


def _behind_prefix(path: str) -> Route | None:
    start = path.find("/v1/", 1)
    if start < 0 or path.startswith(_ADMIN):
        return None
    return ROUTES.get(path[start:].rstrip("/"))
