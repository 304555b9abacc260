"""The REST side: one module of routes for each kind of resource, and what they have in common."""

from kit.simulator.rest.rest import Rest

__all__ = ["Rest"]
