"""What every deployable is started with: settings, secrets, adapters, health, logs."""
