"""From settings to the rules of identity."""

from leadflow.core.identity.rules import IdentityRules
from leadflow.runtime import setting_values
from leadflow.runtime.settings import Settings


def identity_rules(settings: Settings) -> IdentityRules:
    """Return the rules that the settings ask for."""
    return IdentityRules(
        default_region=settings.default_region,
        fold_gmail=settings.fold_gmail,
        custom_types=setting_values.items(settings.custom_ids),
        blocked=setting_values.blocked_values(settings.blocked_values),
    )
