"""What users press: stateful and persistent views, their components, and who may use them."""

from kit.views.client import ViewClient
from kit.views.components import StatefulButton, StatefulSelect, card, slugify
from kit.views.persistent import PersistentLayoutView, PersistentView
from kit.views.sessions import SessionLimitError
from kit.views.stateful import StatefulLayoutView, StatefulView

__all__ = [
    "PersistentLayoutView",
    "PersistentView",
    "SessionLimitError",
    "StatefulButton",
    "StatefulLayoutView",
    "StatefulSelect",
    "StatefulView",
    "ViewClient",
    "card",
    "slugify",
]
