"""From settings to the scoring model in force."""

from importlib import resources
from pathlib import Path

from leadflow.core.scoring.load import load_model, shipped_model
from leadflow.core.scoring.model import Model
from leadflow.runtime.settings import Settings, SettingsError


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
