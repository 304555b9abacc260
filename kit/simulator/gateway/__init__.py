"""The gateway: sessions that bots identify, resume and lose, and the sockets that carry them."""

from kit.simulator.gateway.gateway import Gateway

__all__ = ["Gateway"]
