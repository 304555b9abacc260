"""The widgets of a lab, and the lab shown as all three together."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from kit.state import Change, StateStore

if TYPE_CHECKING:
    from kit.lab.bench import LabBench
    from kit.lab.channel import LabChannel
    from kit.lab.session import Lab
    from kit.widgets import Controls, Preview, StateTree

HISTORY = 200


class LabTree:
    """The state of whichever life of the bot is running, as a state tree widget follows it.

    Attributes:
        history: The last changes, of all lives.
    """

    def __init__(self) -> None:
        self._store: StateStore | None = None
        self.history: deque[Change] = deque(maxlen=HISTORY)
        self._listeners: list[Callable[[Change], None]] = []
        self._unsubscribe: Callable[[], None] = lambda: None

    @property
    def state(self) -> Mapping[str, Any]:
        """The live state."""
        return {} if self._store is None else self._store.state

    def subscribe_changes(self, listener: Callable[[Change], None]) -> Callable[[], None]:
        """Hear of every change, whichever store it is made in."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def follow(self, store: StateStore) -> None:
        """Turn to the store of a new life."""
        self._unsubscribe()
        self._store = store
        self._unsubscribe = store.subscribe_changes(self._pass_on)

    def _pass_on(self, change: Change) -> None:
        self.history.append(change)
        for listener in tuple(self._listeners):
            listener(change)

    def close(self) -> None:
        """Let go of the store."""
        self._unsubscribe()
        self._unsubscribe = lambda: None


class Display:
    """Keeps the widgets that a lab made up to date, and closes them with it."""

    def __init__(self, lab: Lab) -> None:
        self.tree = LabTree()
        self._lab = lab
        self._previews: list[Preview] = []
        self._trees: list[StateTree] = []
        self._controls: list[Controls] = []
        self._together: Any = None

    def preview(self, channel: LabChannel, *, user: str | None, theme: str) -> Preview:
        """A widget that shows `channel`."""
        from kit.widgets import Preview

        preview = Preview(channel, user=user, theme=theme, on_error=self._report("preview"))
        self._previews.append(preview)
        return preview

    def state(self, *, theme: str) -> StateTree:
        """A widget that shows the state."""
        from kit.widgets import StateTree

        tree = StateTree(
            self.tree, history=self.tree.history, theme=theme, on_error=self._report("state tree")
        )
        self._trees.append(tree)
        return tree

    def controls(self, bench: LabBench, *, theme: str) -> Controls:
        """A widget that shows `bench`."""
        from kit.widgets import Controls

        controls = Controls(bench, theme=theme, on_error=self._report("controls"))
        self._controls.append(controls)
        return controls

    def _report(self, what: str) -> Callable[[BaseException], None]:
        return lambda error: self._lab.errors.add(error, what)

    def follow(self, store: StateStore) -> None:
        """Turn to the store of a new life of the bot."""
        self.tree.follow(store)
        for tree in self._trees:
            tree.refresh()

    def set_online(self, online: bool) -> None:
        """Show whether the bot is there."""
        for preview in self._previews:
            preview.set_online(online)

    def notice(self, text: str | None) -> None:
        """Show an error above the previews, or take it away."""
        for preview in self._previews:
            preview.notice(text)

    def bundle(self, **options: Any) -> Any:
        """The lab for a notebook: the widgets where there is a kernel, HTML and text beside them."""
        import ipywidgets

        if self._together is None:
            parts: list[Any] = [self._lab.preview(), self._lab.controls()]
            box = ipywidgets.VBox(list(parts), layout={"flex": "3 1 420px", "grid_gap": "8px"})
            if self._lab.uses_kit:
                tree = self._lab.state()
                tree.layout = {"flex": "2 1 380px"}
                box = ipywidgets.HBox([box, tree], layout={"flex_flow": "row wrap", "grid_gap": "8px"})
                parts.append(tree)
            self._together = (box, parts)
        box, parts = self._together
        bundle = box._repr_mimebundle_(**options) or {}
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        data = {
            **data,
            "text/plain": "\n\n".join(part.to_text() for part in parts),
            "text/html": "\n".join(part.to_html() for part in parts),
        }
        return data, metadata

    def close(self) -> None:
        """Close every widget."""
        self.tree.close()
        for widget in (*self._previews, *self._trees, *self._controls):
            widget.close()
        if self._together is not None:
            self._together[0].close()
