"""Persistent views for discord.py, and the workbench to build them in a notebook."""

__version__ = "0.1.0"
