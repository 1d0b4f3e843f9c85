"""Observers for the tests of this folder."""

import pytest
from pipeline.observer.world import World


@pytest.fixture
def world() -> World:
    """An observer as shipped."""
    return World()


@pytest.fixture
def make_world() -> type[World]:
    """Build an observer with other settings."""
    return World
