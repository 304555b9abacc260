"""Discord's markdown: what each mark means, and that no text can break the parser."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from html import escape
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.widgets.inline import MAX_DEPTH
from kit.widgets.markdown import MAX_LENGTH, parse, to_html, to_text
from kit.widgets.prose import timestamp, to_line

VECTORS = Path(__file__).parents[2].parent / "shared" / "discord" / "markdown_vectors.json"

TAGS = {
    "strong": "strong",
    "em": "em",
    "underline": "u",
    "strike": "s",
    "spoiler": "spoiler",
    "subtext": "small",
    "quote": "bq",
    "link": "a",
}
MENTIONS = {"user": "user", "role": "role", "channel": "channel", "everyone": "everyone"}
MENTIONS |= {"command": "slash", "navigation": "nav"}

OWN_CASES = [
    ("**loud**", "<strong>loud</strong>"),
    ("***both** one*", "<em><strong>both</strong> one</em>"),
    ("***both***", "<em><strong>both</strong></em>"),
    ("*one **two** one*", "<em>one <strong>two</strong> one</em>"),
    ("__low__ and _slanted_", "<u>low</u> and <em>slanted</em>"),
    ("one_two_three and 2*3", "one_two_three and 2*3"),
    ("~~gone~~ ~kept~", "<s>gone</s> ~kept~"),
    ("||see **me**||", "<spoiler>see <strong>me</strong></spoiler>"),
    ("\\*plain\\* \\_too\\_", "*plain* _too_"),
    ("`a*b*` and ``c`d``", "<code>a*b*</code> and <code>c`d</code>"),
    ("```rs\nlet x;\n```", "<pre lang=rs>let x;</pre>"),
    ("```\n# no heading\n- no list\n```\nafter", "<pre># no heading\n- no list</pre>after"),
    ("before\n```x```", "before<pre>x</pre>"),
    ("say ```", "say ```"),
    ("# One\n## Two\n### Three\n#### four", "<h1>One</h1><h2>Two</h2><h3>Three</h3>#### four"),
    ("#tag", "#tag"),
    ("-# small", "<small>small</small>"),
    ("- a\n  - b\n    - c\n- d", "<ul><li>a<ul><li>b<ul><li>c</li></ul></li></ul></li><li>d</li></ul>"),
    ("- a\n1. b\n2. c", "<ul><li>a</li></ul><ol><li>b</li><li>c</li></ol>"),
    ("text\n* a\nend", "text<ul><li>a</li></ul>end"),
    ("> a\n> b\nc", "<bq>a<br>b</bq>c"),
    (">>> a\n# b", "<bq>a<h1>b</h1></bq>"),
    (">no space", "&gt;no space"),
    ("[a **b**](https://c.d)", "<a>a <strong>b</strong></a>"),
    ("[a](https://c.d/e_(f))", "<a>a</a>"),
    ("[a](javascript:b) [c](data:text/html,d)", "[a](javascript:b) [c](data:text/html,d)"),
    ("see https://a.b/c_d_e.", "see <a>https://a.b/c_d_e</a>."),
    ("<https://a.b> <ftp://c>", "<a>https://a.b</a> &lt;ftp://c&gt;"),
    ("<@1> <@!2> <@&3> <#4>", "<m:user> <m:user> <m:role> <m:channel>"),
    ("@everyone @here @nobody", "<m:everyone> <m:everyone> @nobody"),
    ("</a b c:5> <id:guide>", "<m:slash> <m:nav>"),
    ("<t:1:R> <t:1> <t:99999999999999999>", "<t:R> <t:f> &lt;t:99999999999999999&gt;"),
    ("<:ok:12> <a:go:34>", "<emoji> <emoji>"),
    ("a\n\nb", "a<br><br>b"),
    ("   indented", "indented"),
    ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
    ("¯\\_(ツ)_/¯", "¯\\_(ツ)_/¯"),
    ("****", "****"),
    ("** **", "<strong> </strong>"),
    ("**open", "**open"),
]


def notation(nodes):
    """Write a tree in the notation of the cases."""
    return "".join(map(note, nodes))


def note(node):
    kind = node["type"]
    if kind in TAGS:
        return f"<{TAGS[kind]}>{notation(node['children'])}</{TAGS[kind]}>"
    if kind in MENTIONS:
        return f"<m:{MENTIONS[kind]}>"
    if kind == "heading":
        return f"<h{node['level']}>{notation(node['children'])}</h{node['level']}>"
    if kind == "pre":
        lang = f" lang={node['lang']}" if node["lang"] else ""
        return f"<pre{lang}>{escape(node['text'], quote=False)}</pre>"
    if kind == "list":
        tag = "ol" if node["ordered"] else "ul"
        return f"<{tag}>" + "".join(f"<li>{notation(item)}</li>" for item in node["items"]) + f"</{tag}>"
    if kind == "text":
        return escape(node["text"], quote=False)
    if kind == "code":
        return f"<code>{escape(node['text'], quote=False)}</code>"
    return {"break": "<br>", "emoji": "<emoji>", "time": f"<t:{node.get('style')}>"}[kind]


def depth(nodes):
    below = [depth(node.get("children", [])) for node in nodes]
    below += [depth(item) for node in nodes for item in node.get("items", [])]
    return 1 + max(below, default=0)


def words(nodes):
    """Return all text of a tree in reading order."""
    said = []
    for node in nodes:
        said.append(node.get("text", ""))
        said.append(words(node.get("children", [])))
        said += [words(item) for item in node.get("items", [])]
    return "".join(said)


@pytest.mark.parametrize(("source", "expected"), OWN_CASES)
def test_a_mark_means_what_it_means_in_discord(source, expected):
    """A developer sees the text of a message as Discord would show it."""
    assert notation(parse(source)) == expected


def test_every_shared_vector_comes_out():
    """The vectors that all parts of the project agree on hold here too."""
    if not VECTORS.exists():
        pytest.skip("the shared vectors are not beside the repository")
    wrong = [
        (name, notation(parse(source)), expected)
        for name, source, expected in json.loads(VECTORS.read_text(encoding="utf-8"))
        if notation(parse(source)) != expected
    ]
    assert wrong == []


@given(
    st.text(alphabet=st.sampled_from(list("*_~|`<>[]()#->.!@:/ \n\\1ahtps")) | st.characters(), max_size=300)
)
@settings(max_examples=300, deadline=None)
def test_any_text_parses_into_json(source):
    """Whatever somebody types, the preview gets a tree it can send."""
    nodes = parse(source)
    assert json.loads(json.dumps(nodes)) == nodes
    assert to_html(nodes) is not None
    assert to_text(nodes) is not None


@given(st.text(alphabet="abcXYZ <>&\"'=/;", max_size=200))
@settings(deadline=None)
def test_html_of_any_text_holds_no_markup_of_its_own(source):
    """A message that looks like HTML stays words in the static page."""
    html = to_html(parse("x" + source))
    allowed = html.replace("<br>", "")
    assert "<" not in allowed
    assert '"' not in allowed


@given(
    st.lists(st.sampled_from(["word", "x", "9", " ", "ü"]), max_size=40),
    st.sampled_from(["**", "_", "||", "> ", "- "]),
)
@settings(deadline=None)
def test_letters_are_never_lost(parts, mark):
    """Markup may swallow its marks, but never a letter."""
    source = mark.join(parts)
    letters = [char for char in source if char.isalnum()]
    assert [char for char in words(parse(source)) if char.isalnum()] == letters


@pytest.mark.parametrize(
    "unit",
    [
        "*",
        "**a ",
        "_a ",
        "***a",
        "*a **b ",
        "***a b** c* ",
        "||~~**__*_",
        "[a](",
        "[",
        "`a``b",
        "> ",
        "- a\n",
        "<t:1:",
    ],
)
def test_time_grows_with_the_length_and_not_faster(unit):
    """A hostile message cannot freeze the notebook."""

    def measure(length):
        source = (unit * length)[:length]
        best = float("inf")
        for _ in range(3):
            start = time.perf_counter()
            parse(source)
            best = min(best, time.perf_counter() - start)
        return best

    small, large = measure(2_000), measure(16_000)
    assert large < max(small, 0.0005) * 8 * 6


def test_nesting_and_length_are_bounded():
    """Markup ten thousand levels deep becomes a shallow tree with all its text."""
    assert depth(parse("> " * 5000 + "x")) <= MAX_DEPTH + 4
    assert depth(parse("".join(f"{'  ' * level}- a\n" for level in range(200)))) <= 2 * MAX_DEPTH
    long = "y" * (MAX_LENGTH + 50)
    assert words(parse(long)) == long


def test_names_of_mentions_come_from_the_entities():
    """Somebody reading the terminal sees names, not ids."""
    entities = {
        "users": {"1": {"username": "ant", "global_name": "Ant"}},
        "roles": {"2": {"name": "Dev", "color": 1}},
        "channels": {"3": {"name": "general", "type": 0}},
    }
    nodes = parse("<@1> <@&2> <#3> <@9> <@&9> <#9> </ping:4> <id:customize> <:party:5>")
    said = "@Ant @Dev #general @unknown-user @deleted-role #unknown /ping Channels & Roles :party:"
    assert to_text(nodes, entities) == said
    assert "@Ant" in to_html(nodes, entities)


def test_blocks_stand_on_lines_of_their_own_in_a_terminal():
    """A list, a quote and code can be told apart without colours."""
    source = "# Top\nhi [a](https://b.c)\n- x\n  - y\n1. z\n> q\n```py\n1\n```\n||hidden||"
    assert to_text(parse(source)).split("\n") == [
        "# Top",
        "hi a <https://b.c>",
        "• x",
        "  ◦ y",
        "1. z",
        "▏ q",
        "    1",
        "▒▒▒▒▒▒",
    ]


def test_a_reply_quotes_on_one_line_without_marks():
    """The line above an answer says what was answered, and spoils nothing."""
    nodes = parse("# Top\n**hi** <@1>\n- x\n- y\n> ||who|| `did` it")
    assert to_line(nodes, {"users": {"1": {"username": "ant"}}}) == "Top hi @ant x y ▒▒▒▒▒▒ did it"


@pytest.mark.parametrize(
    ("style", "said"),
    [
        ("t", "8:53 AM"),
        ("T", "8:53:20 AM"),
        ("d", "10/9/25"),
        ("D", "October 9, 2025"),
        ("f", "October 9, 2025 at 8:53 AM"),
        ("F", "Thursday, October 9, 2025 at 8:53 AM"),
        ("s", "10/9/25, 8:53 AM"),
        ("S", "10/9/25, 8:53:20 AM"),
        ("R", "3 months ago"),
    ],
)
def test_a_timestamp_reads_as_in_discord(style, said):
    """A moment is told in each of Discord's styles."""
    now = datetime(2026, 1, 10, tzinfo=UTC)
    assert timestamp(1_760_000_000, style, now=now) == said


def test_a_moment_to_come_is_told_too():
    """A countdown says how long it takes."""
    now = datetime.fromtimestamp(1000, UTC)
    assert timestamp(1000 + 7200, "R", now=now) == "in 2 hours"
    assert timestamp(1005, "R", now=now) == "in a few seconds"
