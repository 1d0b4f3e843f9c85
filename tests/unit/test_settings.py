"""Settings: what is read, what is refused and how, and that no secret is ever shown."""

from pathlib import Path

import pytest

from leadflow.cli.doc_tables import TABLES
from leadflow.runtime.settings import Settings, SettingsError, load_settings, unknown_variables

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the settings of whoever runs the tests."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"LEADFLOW_{name.upper()}", raising=False)


def test_the_defaults_are_the_embedded_mode_with_no_secret() -> None:
    """Nothing has to be set to start, and nothing secret is set by itself."""
    settings = load_settings()
    assert settings.log_url == "sqlite:///data/log.db"
    assert settings.store_url == "sqlite:///data/store.db"
    assert (settings.host, settings.port, settings.partitions) == ("127.0.0.1", 8080, 4)
    assert (settings.write_keys, settings.admin_token, settings.hash_secret) == (None, None, None)
    assert settings.keys == {}


def test_the_environment_is_read_and_the_command_line_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    """A given option stands over the variable; one that is not given does not."""
    monkeypatch.setenv("LEADFLOW_PORT", "9000")
    monkeypatch.setenv("LEADFLOW_HOST", "0.0.0.0")  # noqa: S104
    settings = load_settings(port=9001, host=None)
    assert (settings.port, settings.host) == (9001, "0.0.0.0")  # noqa: S104


def test_an_empty_variable_counts_as_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compose files and charts pass empty values along."""
    monkeypatch.setenv("LEADFLOW_WRITE_KEYS", "")
    monkeypatch.setenv("LEADFLOW_PORT", "")
    assert load_settings().write_keys is None
    assert load_settings().port == 8080


def test_write_keys_are_read_by_key_and_a_name_may_have_several() -> None:
    """Keys can be rotated: the old and the new one are the same source."""
    assert load_settings(write_keys="web:k1, web:k2,app:k3,").keys == {"k1": "web", "k2": "web", "k3": "app"}


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("web", "item 1 has no colon"),
        ("web:k1,b:", "item 2 (b): a key is"),
        ("web:k1,sp ace:k2", "item 2: a name is"),
        ("admin:k1", "`admin` is reserved"),
        ("web:k1,app:k1", "item 2 (app) has the same key"),
        (",", "names no key"),
    ],
)
def test_wrong_write_keys_are_refused_with_their_place(text: str, what: str) -> None:
    """The message says which item, and what it may be."""
    with pytest.raises(SettingsError) as caught:
        load_settings(write_keys=text)
    assert "LEADFLOW_WRITE_KEYS" in str(caught.value)
    assert what in str(caught.value)


def test_every_wrong_variable_is_named_at_once_and_no_value_of_a_secret_is_shown() -> None:
    """One look at the error mends them all; a log of it gives nothing away."""
    with pytest.raises(SettingsError) as caught:
        load_settings(port="x", write_keys="web:hush-1,web:hu sh-2", hash_secret="hush-3", log="mysql://hush")
    lines = str(caught.value).splitlines()
    assert {line.partition(":")[0] for line in lines} == {
        "LEADFLOW_PORT",
        "LEADFLOW_WRITE_KEYS",
        "LEADFLOW_HASH_SECRET",
        "LEADFLOW_LOG",
    }
    assert "hush" not in str(caught.value)


def test_secrets_are_not_in_the_text_of_settings() -> None:
    """Whoever logs the settings logs no key."""
    settings = load_settings(write_keys="web:hush", admin_token="hush", hash_secret="hush" * 4)
    assert "hush" not in repr(settings) + str(settings)


def test_source_quality_is_read_by_name_and_refuses_unknown_words() -> None:
    """Only the four qualities of the semantics exist."""
    assert load_settings(source_quality="web:partner,ads:bought").qualities == {"web": "partner", "ads": "bought"}
    with pytest.raises(SettingsError, match="opt_in, partner, bought, scraped"):
        load_settings(source_quality="web:gold")


def test_a_blocked_value_that_is_no_regular_expression_is_refused() -> None:
    """A misspelt pattern stops the start, not the pipeline later."""
    assert load_settings(blocked_values="0000, /^test.*/").blocked_values
    with pytest.raises(SettingsError, match="no regular expression"):
        load_settings(blocked_values="/(/")


def test_an_unknown_variable_is_named_with_the_nearest_one() -> None:
    """A misspelling does not pass in silence."""
    found = unknown_variables({"LEADFLOW_WRITEKEYS": "a:b", "LEADFLOW_PORT": "1", "PATH": "x"})
    assert found == ("LEADFLOW_WRITEKEYS is no setting: did you mean LEADFLOW_WRITE_KEYS?",)


def test_the_tables_of_the_documentation_show_the_code_as_it_is() -> None:
    """`make docs` has been run since settings or metrics changed."""
    configuration, operations = ((ROOT / table.page).read_text(encoding="utf-8") for table in TABLES)
    assert [table.renewed(page) for table, page in zip(TABLES, (configuration, operations), strict=True)] == [
        configuration,
        operations,
    ]
    assert "`LEADFLOW_KAFKA_SECURITY`" in configuration
    assert "| `leadflow_<hop>_lag_records` | gauge | partition |" in operations
