"""From settings to what the core is told: the rules of identity and the scoring model in force."""

from importlib import resources
from pathlib import Path

from leadflow.core.identity.rules import IdentityRules
from leadflow.core.scoring.load import load_model, shipped_model
from leadflow.core.scoring.model import Model
from leadflow.runtime import setting_values
from leadflow.runtime.settings import Settings, SettingsError


def identity_rules(settings: Settings) -> IdentityRules:
    """Return the rules that the settings ask for."""
    return IdentityRules(
        default_region=settings.default_region,
        fold_gmail=settings.fold_gmail,
        custom_types=setting_values.items(settings.custom_ids),
        blocked=setting_values.blocked_values(settings.blocked_values),
    )


def scoring_model(settings: Settings) -> Model:
    """Return the model of LEADFLOW_MODEL. Raises SettingsError, or ModelError which names every wrong line."""
    if settings.model in shipped_names():
        return shipped_model(settings.model)
    return read_model(Path(settings.model))


def shipped_names() -> frozenset[str]:
    """Return the names of the models that come with Leadflow."""
    folder = resources.files("leadflow.models")
    return frozenset(file.name.removesuffix(".yaml") for file in folder.iterdir() if file.name.endswith(".yaml"))


def read_model(path: Path) -> Model:
    """Load a model file. Raises SettingsError if it cannot be read, ModelError if it is wrong."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        names = ", ".join(sorted(shipped_names()))
        raise SettingsError(
            f"the model {str(path)!r} is none of {names} and cannot be read as a file: {reason}"
        ) from error
    return load_model(text, str(path))
