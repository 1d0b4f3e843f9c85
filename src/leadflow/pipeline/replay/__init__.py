"""Working off what went wrong: repairs of dead letters, releases of what is parked, leads rebuilt from the timeline."""
