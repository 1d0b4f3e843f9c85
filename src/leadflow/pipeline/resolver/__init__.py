"""The one log of identity: freeze -> decide -> store the decision -> apply -> emit."""

from leadflow.pipeline.resolver.resolver import Resolver

__all__ = ["Resolver"]
