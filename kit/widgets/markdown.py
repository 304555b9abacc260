"""Discord's markdown as a plain tree: one parser for the widget, the static HTML and the terminal.

`parse` never fails and never loses text: what is no markup stays literal. Its time grows with the length of
the text, not with its square, because a closing delimiter is looked up in an index and nesting is bounded.
The rules are those of the Discord help page "Markdown Text 101" and of the developer docs page
"Reference > Message Formatting".
"""

from __future__ import annotations

import re
from typing import Final

from .inline import MAX_DEPTH, Node, merge_text, parse_inline
from .prose import to_html, to_text

__all__ = ["MAX_LENGTH", "Node", "parse", "to_html", "to_text"]

MAX_LENGTH: Final = 20_000
"""Characters that are parsed; Discord allows 4,000 a message, so the rest can only be hostile."""

_LIST_LEVELS: Final = MAX_DEPTH - 2

_HEADING = re.compile(r" {0,3}(#{1,3})[ \t]+([^\n]*\S)[ \t]*")
_SUBTEXT = re.compile(r" {0,3}-#[ \t]+([^\n]*\S)[ \t]*")
_QUOTE = re.compile(r" {0,3}>[ \t]([^\n]*)")
_QUOTE_REST = re.compile(r" {0,3}>>>[ \t]")
_ITEM = re.compile(r"([ \t]*)(?:[-*]|(\d{1,9})\.)[ \t]+(\S[^\n]*)")


def parse(text: str) -> list[Node]:
    """Parse Discord markdown into a tree of JSON-able nodes.

    Args:
        text: What a user, or a bot, wrote. Anything is accepted.

    Returns:
        The nodes, each a dict with a `type` and, by its type, `text`, `children`, `items` or attributes.
        Only http, https and discord addresses become `link` nodes.
    """
    body = text[:MAX_LENGTH].replace("\r\n", "\n").strip()
    nodes = _blocks(body, quoted=False)
    rest = text[MAX_LENGTH:]
    if rest:
        nodes.append({"type": "text", "text": rest})
    return merge_text(nodes)


def _blocks(text: str, *, quoted: bool) -> list[Node]:
    nodes: list[Node] = []
    paragraph: list[str] = []
    fences = _fence_index(text)
    position = 0

    def close_paragraph() -> None:
        if not paragraph:
            return
        source = "".join(paragraph)
        paragraph.clear()
        # One newline before a block is the block's own; more of them are blank lines the author wanted.
        if source.endswith("\n") and not source.endswith("\n\n"):
            source = source[:-1]
        nodes.extend(parse_inline(source))

    while position < len(text):
        block, end = _block_at(text, position, quoted=quoted)
        if block is not None:
            close_paragraph()
            nodes.append(block)
            position = end
            continue
        end = _line_end(text, position, fences)
        paragraph.append(text[position:end])
        position = end
    if paragraph:
        nodes.extend(parse_inline("".join(paragraph)))
    return nodes


def _block_at(text: str, position: int, *, quoted: bool) -> tuple[Node | None, int]:
    """Return the block that starts on the line at `position` and the position behind it."""
    if not quoted:
        if rest := _QUOTE_REST.match(text, position):
            return {"type": "quote", "children": _blocks(text[rest.end() :], quoted=True)}, len(text)
        if _QUOTE.match(text, position):
            return _quote(text, position)
    if heading := _HEADING.match(text, position):
        node = {"type": "heading", "level": len(heading[1]), "children": parse_inline(heading[2], depth=1)}
        return node, _after(text, heading.end())
    if subtext := _SUBTEXT.match(text, position):
        return {"type": "subtext", "children": parse_inline(subtext[1], depth=1)}, _after(text, subtext.end())
    if _ITEM.match(text, position):
        return _list(text, position)
    return None, position


def _after(text: str, end: int) -> int:
    """Skip the newline that ends a block."""
    return end + 1 if text.startswith("\n", end) else end


def _quote(text: str, position: int) -> tuple[Node, int]:
    lines = []
    while quote := _QUOTE.match(text, position):
        lines.append(quote[1])
        position = _after(text, quote.end())
        if position == quote.end():
            break
    return {"type": "quote", "children": _blocks("\n".join(lines), quoted=True)}, position


def _list(text: str, position: int) -> tuple[Node, int]:
    """Read the lines of one list, deeper levels included."""
    lines: list[tuple[int, str | None, str]] = []
    while item := _ITEM.match(text, position):
        indent = len(item[1].expandtabs(2))
        if lines and indent <= lines[0][0] and (item[2] is None) != (lines[0][1] is None):
            break
        lines.append((indent, item[2], item[3].rstrip()))
        position = _after(text, item.end())
        if position == item.end():
            break
    return _nest(lines), position


def _nest(lines: list[tuple[int, str | None, str]]) -> Node:
    """Turn indented lines into lists within lists, in one pass over a stack of open lists."""
    root = _new_list(lines[0][1])
    open_lists = [(lines[0][0], root)]
    for indent, number, content in lines:
        while len(open_lists) > 1 and indent < open_lists[-1][0]:
            open_lists.pop()
        level, current = open_lists[-1]
        if indent > level and current["items"] and len(open_lists) < _LIST_LEVELS:
            current = _new_list(number)
            open_lists[-1][1]["items"][-1].append(current)
            open_lists.append((indent, current))
        current["items"].append(parse_inline(content, depth=len(open_lists)))
    return root


def _new_list(number: str | None) -> Node:
    return {"type": "list", "ordered": number is not None, "start": int(number or 1), "items": []}


def _fence_index(text: str) -> list[tuple[int, int]]:
    """Return the spans of fenced code, so that lines inside a fence are not read as blocks."""
    marks = [match.start() for match in re.finditer("```", text)]
    return [(start, end + 3) for start, end in zip(marks[::2], marks[1::2], strict=False)]


def _line_end(text: str, position: int, fences: list[tuple[int, int]]) -> int:
    """Return where the line at `position` ends, taking a fence that starts on it as part of it."""
    newline = text.find("\n", position)
    end = len(text) if newline < 0 else newline + 1
    while fences and fences[0][0] < end:
        start, stop = fences.pop(0)
        if start >= position and stop > end:
            newline = text.find("\n", stop)
            end = len(text) if newline < 0 else newline + 1
    return end
