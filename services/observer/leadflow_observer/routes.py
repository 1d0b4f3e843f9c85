"""The observer's paths and what each says about its request."""

import msgspec

from leadflow.core.touchpoint import TouchpointType


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """`path` in its one spelling, for metrics. `batch` None: one event or a batch, as the body says."""

    path: str
    method: str = "POST"
    type: TouchpointType | None = None
    batch: bool | None = False
    web: bool = False
    historical: bool = False

    @property
    def pixel(self) -> bool:
        """Whether the event comes in the address and the answer is a picture."""
        return self.method == "GET"


_ADMIN = "/api/"  # the admin API has a `/v1/` of its own
_CALLS: tuple[TouchpointType, ...] = ("identify", "track", "page", "screen", "group", "alias")

ROUTES: dict[str, Route] = {
    **{f"/v1/{call}": Route(path=f"/v1/{call}", type=call) for call in _CALLS},
    **{f"/v1/{call[0]}": Route(path=f"/v1/{call}", type=call) for call in _CALLS},
    "/v1/batch": Route(path="/v1/batch", batch=True),
    "/v1/b": Route(path="/v1/batch", batch=True),
    "/v1/import": Route(path="/v1/import", batch=None, historical=True),
    "/beacon/v1/batch": Route(path="/beacon/v1/batch", batch=True, web=True),
    "/v1/pixel.gif": Route(path="/v1/pixel.gif", method="GET", web=True),
}


def route_of(path: str) -> Route | None:
    """Look a path up; a slash at its end is tolerated, and a prefix, as SDKs and proxies can be told to set one."""
    return ROUTES.get(path) or ROUTES.get(path.rstrip("/")) or _behind_prefix(path)


def _behind_prefix(path: str) -> Route | None:
    start = path.find("/v1/", 1)
    if start < 0 or path.startswith(_ADMIN):
        return None
    return ROUTES.get(path[start:].rstrip("/"))
