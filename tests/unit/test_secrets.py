"""Secrets of the embedded mode: generated once, kept privately, never replaced."""

import json
import stat
from pathlib import Path

import pytest

from leadflow.runtime.secrets import FILE, load, load_or_create, mark_shown
from leadflow.runtime.settings import Settings, SettingsError


def settings(data: Path, **given: str) -> Settings:
    """Return settings that nobody's environment touches."""
    nothing = {"write_keys": None, "admin_token": None, "hash_secret": None}
    return Settings.model_validate({**nothing, "data": data, **given})


def test_what_is_not_given_is_generated_once_and_kept(tmp_path: Path) -> None:
    """The second start works with the keys of the first; they are to be shown until they have been."""
    first = load_or_create(settings(tmp_path))
    failed = load_or_create(settings(tmp_path))
    assert set(first.unshown) == set(failed.unshown) == {"write_keys", "admin_token", "hash_secret"}
    mark_shown(failed)
    second = load_or_create(settings(tmp_path))
    assert second.unshown == ()
    assert (second.keys, second.admin_token, second.hash_secret) == (first.keys, first.admin_token, first.hash_secret)
    assert list(first.keys.values()) == ["default"]


def test_two_data_folders_have_nothing_in_common(tmp_path: Path) -> None:
    """There is no default secret."""
    first, second = load_or_create(settings(tmp_path / "a")), load_or_create(settings(tmp_path / "b"))
    assert not first.keys.keys() & second.keys.keys()
    assert first.admin_token != second.admin_token
    assert first.hash_secret != second.hash_secret


def test_the_file_is_for_its_owner_alone_and_nothing_else_is_left(tmp_path: Path) -> None:
    """Mode 0600, written atomically; a file that others could read is made private."""
    load_or_create(settings(tmp_path))
    path = tmp_path / FILE
    assert [entry.name for entry in tmp_path.iterdir()] == [FILE]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    load_or_create(settings(tmp_path))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_is_given_wins_and_is_not_written_down(tmp_path: Path) -> None:
    """A given key stays where it was given."""
    secrets = load_or_create(settings(tmp_path, write_keys="web:hush-key", admin_token="hush-token"))
    assert secrets.keys == {"hush-key": "web"}
    assert secrets.admin_token == "hush-token"
    assert secrets.unshown == ("hash_secret",)
    assert "hush" not in (tmp_path / FILE).read_text()


def test_another_hash_secret_than_the_data_was_made_with_is_refused(tmp_path: Path) -> None:
    """With another secret every profile would be lost: that is said, not done."""
    load_or_create(settings(tmp_path, hash_secret="0123456789abcdef"))
    load_or_create(settings(tmp_path, hash_secret="0123456789abcdef"))
    assert "0123456789abcdef" not in (tmp_path / FILE).read_text()
    with pytest.raises(SettingsError, match="LEADFLOW_HASH_SECRET is not the one"):
        load_or_create(settings(tmp_path, hash_secret="fedcba9876543210"))


def test_a_single_service_generates_nothing(tmp_path: Path) -> None:
    """Two services with secrets of their own would not understand each other."""
    with pytest.raises(SettingsError, match="LEADFLOW_HASH_SECRET") as caught:
        load(settings(tmp_path, write_keys="web:k"))
    assert "LEADFLOW_WRITE_KEYS" not in str(caught.value)
    load_or_create(settings(tmp_path))
    assert load(settings(tmp_path)).keys


def test_a_damaged_file_stops_the_start(tmp_path: Path) -> None:
    """Fresh secrets over a damaged file would orphan the data."""
    (tmp_path / FILE).write_text("{")
    with pytest.raises(SettingsError, match="damaged"):
        load_or_create(settings(tmp_path))


def test_secrets_are_not_in_their_text(tmp_path: Path) -> None:
    """Whoever logs them logs no key."""
    secrets = load_or_create(settings(tmp_path))
    kept = json.loads((tmp_path / FILE).read_text())
    assert not any(value.rpartition(":")[2] in repr(secrets) for value in kept.values() if isinstance(value, str))


def test_a_service_asks_for_what_it_needs_alone_and_for_all_of_it_at_once(tmp_path: Path) -> None:
    """Nothing is generated; what is not needed stays empty and opens nothing."""
    kafka = {"log": "kafka://127.0.0.1:9092"}
    with pytest.raises(SettingsError, match=r"^not set: LEADFLOW_WRITE_KEYS, LEADFLOW_HASH_SECRET; set them$"):
        load(settings(tmp_path, **kafka), ("write_keys", "hash_secret"))
    secrets = load(settings(tmp_path, hash_secret="hush" * 4, **kafka), ("hash_secret",))
    assert (secrets.keys, secrets.admin_token) == ({}, "")
    assert list(tmp_path.iterdir()) == []
