"""What people do, and what comes of it: clicks, choices, modals, commands, and the answers of the bots."""

from kit.simulator.interactions.interactions import Interaction, Interactions

__all__ = ["Interaction", "Interactions"]
