"""A simulator and a raw client, as the simulator's own tests have them."""

from tests.simulator.conftest import http, lab

__all__ = ["http", "lab"]
