"""The inline half of Discord's markdown: emphasis, code, links, mentions, timestamps and emoji.

Two passes over a text: `_scan` cuts it into nodes and runs of delimiters, `_Resolver` pairs the runs.
A closing run is found by bisection in an index, so no input makes the parser walk the text again and again.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from itertools import pairwise
from typing import Any, Final

Node = dict[str, Any]

MAX_DEPTH: Final = 12
"""Levels of nesting that are parsed; deeper markup stays literal."""

_LAST_SECOND: Final = 253_402_300_799  # 9999-12-31, the last day that a Python datetime can show

_STOP = re.compile(r"[\\`<\[*_~|\n@¯]|https?://")
_ESCAPE = re.compile(r"\\[^0-9A-Za-z\s]")
_TICKS = re.compile(r"`+")
_RUN = re.compile(r"\*+|_+|~~+|\|\|+")
_URL = re.compile(r"https?://[^\s<]*[^\s<.,:;\"')\]*_~|]")
_MASKED = re.compile(
    r"\[((?:[^\[\]\\\n]|\\.)+)\]"
    r"\(\s{0,8}<?((?:https?|discord)://[^\s()<>]{1,2048}(?:\([^\s()<>]{0,512}\)[^\s()<>]{0,512}){0,8})>?"
    r"(?:\s{1,8}[\"']([^\"'\n]{0,512})[\"'])?\s{0,8}\)"
)
_EVERYONE = re.compile(r"@(?:everyone|here)\b")
_LANGUAGE = re.compile(r"([A-Za-z0-9_+\-.#]{1,32})\n")
_SHRUG: Final = "¯\\_(ツ)_/¯"
_ANGLE = re.compile(
    r"<(?:"
    r"(?P<url>(?:https?|discord)://[^\s<>]{1,2048})"
    r"|@!?(?P<user>\d{1,20})"
    r"|@&(?P<role>\d{1,20})"
    r"|\#(?P<channel>\d{1,20})"
    r"|/(?P<command>[-_'\w]{1,32}(?:[ ][-_'\w]{1,32}){0,2}):(?P<command_id>\d{1,20})"
    r"|id:(?P<navigation>customize|browse|guide|home|linked-roles(?::\d{1,20})?)"
    r"|t:(?P<at>-?\d{1,17})(?::(?P<style>[tTdDfFsSR]))?"
    r"|(?P<animated>a?):(?P<emoji>\w{2,32}):(?P<emoji_id>\d{1,20})"
    r")>"
)

_Token = tuple[int, int, "Node | None"]  # start, end, and the finished node or None for a run of delimiters


def parse_inline(text: str, *, depth: int = 0, links: bool = True) -> list[Node]:
    """Parse the markup within a block.

    Args:
        text: The text of one paragraph, heading or list item.
        depth: How deep the caller is nested already; at `MAX_DEPTH` the text stays literal.
        links: False within a link, which cannot hold another.

    Returns:
        The nodes, with neighbouring texts merged.
    """
    if depth >= MAX_DEPTH:
        return [{"type": "text", "text": text}] if text else []
    return merge_text(_Resolver(text, _scan(text, depth, links=links), depth, links=links).nodes())


def merge_text(nodes: list[Node]) -> list[Node]:
    """Join neighbouring text nodes, so that a tree has one shape for one text."""
    merged: list[Node] = []
    for node in nodes:
        if node["type"] == "text" and merged and merged[-1]["type"] == "text":
            merged[-1] = {"type": "text", "text": merged[-1]["text"] + node["text"]}
        elif node["type"] != "text" or node["text"]:
            merged.append(node)
    return merged


def _text(content: str) -> Node:
    return {"type": "text", "text": content}


def _scan(text: str, depth: int, *, links: bool) -> list[_Token]:
    """Cut a text into tokens that cover it from start to end."""
    ticks = _tick_closers(text)
    tokens: list[_Token] = []
    position = 0
    while position < len(text):
        stop = _STOP.search(text, position)
        start = stop.start() if stop else len(text)
        if start > position:
            tokens.append((position, start, _text(text[position:start])))
        if stop is None:
            break
        end, node = _token_at(text, start, ticks, depth, links=links)
        tokens.append((start, end, node))
        position = end
    return tokens


def _token_at(  # noqa: PLR0911 - one return for each thing that may start here
    text: str, start: int, ticks: dict[int, int], depth: int, *, links: bool
) -> tuple[int, Node | None]:
    """Read the token at a character that may start markup; what starts none is its own text."""
    char = text[start]
    if char == "\n":
        return start + 1, {"type": "break"}
    if char == "\\" and _ESCAPE.match(text, start):
        return start + 2, _text(text[start + 1])
    if char == "¯" and text.startswith(_SHRUG, start):
        return start + len(_SHRUG), _text(_SHRUG)
    if char == "`":
        return _code(text, start, ticks)
    if char == "<" and (angle := _ANGLE.match(text, start)):
        return angle.end(), _angle_node(angle)
    if char == "@" and (everyone := _EVERYONE.match(text, start)):
        return everyone.end(), {"type": "everyone", "text": everyone[0]}
    if links and char == "[" and (masked := _MASKED.match(text, start)):
        children = parse_inline(masked[1], depth=depth + 1, links=False)
        return masked.end(), {"type": "link", "url": masked[2], "title": masked[3], "children": children}
    if links and char == "h" and (url := _URL.match(text, start)):
        return url.end(), _link(url[0])
    if run := _RUN.match(text, start):
        return run.end(), None
    return start + 1, _text(char)


def _link(url: str) -> Node:
    return {"type": "link", "url": url, "title": None, "children": [_text(url)]}


def _angle_node(match: re.Match[str]) -> Node:  # noqa: PLR0911 - one return for each kind
    found = match.groupdict()
    for kind in ("user", "role", "channel"):
        if found[kind]:
            return {"type": kind, "id": found[kind]}
    if found["url"]:
        return _link(found["url"])
    if found["command"]:
        return {"type": "command", "name": found["command"], "id": found["command_id"]}
    if found["navigation"]:
        return {"type": "navigation", "kind": found["navigation"]}
    if found["emoji"]:
        animated = bool(found["animated"])
        return {"type": "emoji", "name": found["emoji"], "id": found["emoji_id"], "animated": animated}
    at = int(found["at"])
    if abs(at) > _LAST_SECOND:
        return _text(match[0])
    return {"type": "time", "at": at, "style": found["style"] or "f"}


def _tick_closers(text: str) -> dict[int, int]:
    """Map the start of each run of backticks to the start of the next run of the same length."""
    by_length: dict[int, list[int]] = {}
    for run in _TICKS.finditer(text):
        by_length.setdefault(len(run[0]), []).append(run.start())
    closers: dict[int, int] = {}
    for starts in by_length.values():
        closers.update(pairwise(starts))
    return closers


def _code(text: str, start: int, closers: dict[int, int]) -> tuple[int, Node]:
    run = _TICKS.match(text, start)
    assert run is not None
    length = len(run[0])
    closer = closers.get(start)
    if closer is None:
        return run.end(), _text(run[0])
    content = text[run.end() : closer]
    if length < 3:
        return closer + length, {"type": "code", "text": content.strip() if length > 1 else content}
    if not content.strip():
        return run.end(), _text(run[0])
    language = _LANGUAGE.match(content)
    lang = language[1] if language and content[language.end() :].strip() else ""
    body = content[len(lang) :].strip("\n")
    end = closer + length
    return end + text.startswith("\n", end), {"type": "pre", "lang": lang, "text": body}


class _Resolver:
    """Pairs the runs of delimiters in one text."""

    def __init__(self, text: str, tokens: list[_Token], depth: int, *, links: bool) -> None:
        self.text = text
        self.tokens = tokens
        self.depth = depth
        self.links = links
        runs = [(start, end) for start, end, node in tokens if node is None]
        self._double: dict[str, list[tuple[int, int]]] = {}
        self._odd: dict[str, list[tuple[int, int]]] = {}
        for start, end in runs:
            char = text[start]
            if end - start > 1:
                self._double.setdefault(char, []).append((end - 2, start))
            if (end - start) % 2:
                self._odd.setdefault(char, []).append((start, end))

    def nodes(self) -> list[Node]:
        """Return the nodes of the whole text."""
        nodes: list[Node] = []
        position = 0
        for index, (start, end, node) in enumerate(self.tokens):
            if end <= position:
                continue
            if node is not None:
                if not (node["type"] == "break" and self._before_fence(index)):
                    nodes.append(node)
                position = end
                continue
            position = max(position, start)
            while position < end:
                pair = self._pair(position, end)
                if pair is None:
                    # Only the start of a run may open; trying each of its characters would square the time.
                    nodes.append(_text(self.text[position:end]))
                    position = end
                else:
                    kind, inside, close, position = pair
                    content = self.text[inside:close]
                    children = parse_inline(content, depth=self.depth + 1, links=self.links)
                    nodes.append({"type": kind, "children": children})
        return nodes

    def _before_fence(self, index: int) -> bool:
        following = self.tokens[index + 1][2] if index + 1 < len(self.tokens) else None
        return following is not None and following["type"] == "pre"

    def _pair(self, position: int, end: int) -> tuple[str, int, int, int] | None:
        """Return kind, start and end of the content, and the position behind the pair; the longest wins."""
        char = self.text[position]
        if char in "~|":
            return self._pair_double(position, end, "strike" if char == "~" else "spoiler")
        emphasis = self._pair_single(position, end)
        double = self._pair_double(position, end, "strong" if char == "*" else "underline")
        if emphasis and double:
            return double if double[3] > emphasis[3] else emphasis
        return emphasis or double

    def _pair_double(self, position: int, end: int, kind: str) -> tuple[str, int, int, int] | None:
        if end - position < 2:
            return None
        char = self.text[position]
        closers = self._double.get(char, [])
        index = bisect_left(closers, (position + 3,))
        if index == len(closers):
            return None
        last, start = closers[index]
        # A bold or underline ends with the last two of a run, a strike or spoiler with the first two.
        close = last if char in "*_" else max(start, position + 3)
        return kind, position + 2, close, close + 2

    def _pair_single(self, position: int, end: int) -> tuple[str, int, int, int] | None:
        char, text = self.text[position], self.text
        own = end - position - 1
        if own % 2 or position + 1 >= len(text) or (char == "*" and text[position + 1].isspace()):
            return None
        odd = self._odd.get(char, [])
        index = bisect_left(odd, (end,))
        if index == len(odd):
            return None
        run = odd[index]
        close = run[1] - 1
        if char == "*":
            closes = run[1] - run[0] > 1 or not text[close - 1].isspace()
        else:
            closes = run[1] == len(text) or not (text[run[1]].isalnum() or text[run[1]] == "_")
        return ("em", position + 1, close, run[1]) if closes else None
