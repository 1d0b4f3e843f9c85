"""From what a caller asks for to the profile that has it, by the same normal forms as on input."""

from collections.abc import Mapping

from leadflow.contracts.collections import IDENTITIES
from leadflow.core.identity.normal_forms import Refused, normal_form
from leadflow.core.identity.rules import STANDARD_TYPES, IdentityRules
from leadflow.core.touchpoint import Identifier
from leadflow_admin_api.context import Context
from leadflow_admin_api.problems import Problem


def asked_for(parameters: Mapping[str, str], names: list[str], rules: IdentityRules) -> Identifier | None:
    """The one identifier of the query; None where its value can be nobody's. Raises Problem 422."""
    allowed = (*STANDARD_TYPES, *rules.custom_types)
    if len(names) != 1 or names[0] not in allowed:
        given = ", ".join(dict.fromkeys(names))[:200] or "nothing"
        detail = f"give exactly one of {', '.join(allowed)}; given: {given}"
        raise Problem(422, "invalid_parameter", detail, parameter=names[0][:100] if names else None)
    [name] = names
    if not parameters[name].strip():
        raise Problem(422, "invalid_parameter", f"{name}: is empty; give the value to look for", parameter=name)
    normal = normal_form(name, parameters[name], rules)
    return None if isinstance(normal, Refused) else Identifier(name, normal)


async def leaf_of(ctx: Context, identifier: Identifier) -> str | None:
    """The profile that the identifier was claimed for, None when nobody has it."""
    [stored] = await ctx.store.get(IDENTITIES, [ctx.hasher.identifier(identifier)])
    return stored.value.leaf if stored else None
