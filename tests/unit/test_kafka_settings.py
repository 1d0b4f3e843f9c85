"""The settings of Kafka: combinations that cannot be meant are refused, all at once, and no password is shown."""

import pytest

from leadflow.runtime.settings import Settings, SettingsError, load_settings


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the settings of whoever runs the tests."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"LEADFLOW_{name.upper()}", raising=False)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"kafka_username": "u"}, ["KAFKA_USERNAME: is set, but LEADFLOW_KAFKA_SECURITY=plaintext logs nobody in"]),
        ({"kafka_security": "ssl", "kafka_password": "hush"}, ["KAFKA_PASSWORD: is set"]),
        ({"kafka_security": "sasl_ssl"}, ["KAFKA_USERNAME: not set", "KAFKA_PASSWORD: not set"]),
        ({"kafka_security": "sasl_plaintext", "kafka_username": "u"}, ["KAFKA_PASSWORD: not set"]),
        ({"kafka_ca_file": "ca.pem"}, ["KAFKA_CA_FILE: is set, but LEADFLOW_KAFKA_SECURITY=plaintext encrypts"]),
        ({"kafka_security": "ssl", "kafka_key_file": "k.pem"}, ["KAFKA_CERT_FILE: not set"]),
        (
            {"kafka_call_timeout": 20.0, "kafka_username": "u"},
            ["KAFKA_USERNAME: is set", "KAFKA_TRANSACTION_TIMEOUT: must be longer"],
        ),
        ({"kafka_security": "tls"}, ["LEADFLOW_KAFKA_SECURITY: Input should be 'plaintext'"]),
        ({"kafka_replication": 0}, ["LEADFLOW_KAFKA_REPLICATION: "]),
    ],
)
def test_impossible_combinations_are_named_line_by_line(given: dict[str, object], named: list[str]) -> None:
    """Each line begins with the variable that has to change; the password is in none."""
    with pytest.raises(SettingsError) as caught:
        load_settings(**given)
    lines = str(caught.value).splitlines()
    assert len(lines) == len(named)
    for line, words in zip(lines, named, strict=True):
        assert line.startswith("LEADFLOW_KAFKA_")
        assert words in line
    assert "hush" not in str(caught.value)


def test_a_user_over_tls_with_a_certificate_of_the_house() -> None:
    """What a secured cluster needs is possible."""
    settings = load_settings(
        kafka_security="sasl_ssl", kafka_username="leadflow", kafka_password="hush-hush", kafka_ca_file="ca.pem"
    )
    assert settings.kafka_mechanism == "SCRAM-SHA-512"
    assert "hush" not in repr(settings)
