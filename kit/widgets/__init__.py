"""What the notebook shows: the preview of a channel, the state tree and the bench's controls.

Nothing here knows the rest of the kit: each widget takes an object that fits its Protocol.
"""

from .controls import Bench, Controls
from .preview import Channel, Preview
from .tree import Change, StateTree, Tree

__all__ = ["Bench", "Change", "Channel", "Controls", "Preview", "StateTree", "Tree"]
