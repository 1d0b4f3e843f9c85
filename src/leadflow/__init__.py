"""Leadflow: touchpoint -> profile -> score -> stage, while it happens."""
