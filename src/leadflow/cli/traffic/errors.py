"""What may go wrong with simulated traffic, for whoever started it."""

from leadflow.ports import LeadflowError


class SimulationError(LeadflowError):
    """The simulation cannot go on: the message says why and what to do."""
