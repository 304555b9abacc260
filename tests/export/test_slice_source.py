"""The slice alone: cells as plain text, no shell and no file."""

from __future__ import annotations

import keyword
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.export import Cell, ExportError, Ledger, Slice, slice_source


def ledger_of(*cells: str) -> Ledger:
    ledger = Ledger()
    for number, source in enumerate(cells, 1):
        ledger.append(Cell(number, source, source))
    return ledger


def cut(name: str, *cells: str, namespace: dict[str, Any] | None = None) -> Slice:
    return slice_source(ledger_of(*cells), namespace or {}, name)


def sources(found: Slice) -> list[str]:
    return [statement.source for statement in found.statements]


def module_of(found: Slice) -> str:
    return "\n".join([*(item.text for item in found.imports), *(part.text for part in found.statements)])


def test_slice_keeps_the_order_of_execution() -> None:
    """Statements stand in the order in which they ran, whatever the order of need."""
    found = cut("c", "b = 1\nunused = 2", "def c(): return b + d", "d = 4")
    assert sources(found) == ["b = 1", "def c(): return b + d", "d = 4"]


def test_columns_count_characters_not_bytes() -> None:
    """Letters of several bytes before a statement don't shift its text."""
    found = cut("b", "a = 'äöü€𝄞'; b = 'ß'  # ok")
    assert sources(found) == ["b = 'ß'  # ok"]


def test_statement_after_a_multi_line_string() -> None:
    """A statement that starts on the last line of another one is cut where it starts."""
    found = cut("b", "a = '''x\n# y\n'''; b = [\n  1,\n]")
    assert sources(found) == ["b = [\n  1,\n]"]


def test_comment_inside_a_string_is_no_comment() -> None:
    """Lines of a string above a statement are not taken for its comments."""
    found = cut("b", "a = '''\n# text'''\nb = 1")
    assert found.statements[0].text == "b = 1"


def test_unknown_name_is_refused() -> None:
    """A name that no cell binds can't be the start of a slice."""
    with pytest.raises(ExportError) as caught:
        cut("nothing", "a = 1")
    assert caught.value.reason == "no source"


def test_cell_that_did_not_compile_is_passed_over() -> None:
    """A cell with a syntax error bound nothing."""
    ledger = ledger_of("a = 1")
    ledger.append(Cell(2, "a = (", "a = (", succeeded=False))
    assert sources(slice_source(ledger, {}, "a")) == ["a = 1"]


def test_statements_before_the_failing_line() -> None:
    """What stood above the line that raised was bound; what stood below was not."""
    ledger = Ledger()
    text = "a = 1\nb = a\nraise KeyError\na = 2"
    ledger.append(Cell(1, text, text, succeeded=False, failed_line=3))
    assert sources(slice_source(ledger, {}, "b")) == ["a = 1", "b = a"]


def test_same_text_with_other_parts_is_refused() -> None:
    """`B = A + 1` run again after A changed is not the same B."""
    with pytest.raises(ExportError) as caught:
        cut("f", "A = 1", "B = A + 1", "f = [B]\ndef g(): return B, f", "A = 2", "B = A + 1", "f = [f, g]")
    assert caught.value.reason == "two values"


def test_repeat_with_another_binding_between_is_kept() -> None:
    """Two equal statements are both needed where another one binds the name between them."""
    found = cut("f", "x = 1", "x, y = 2, 3", "x = 1", "def f(): return x, y")
    space: dict[str, Any] = {}
    exec(module_of(found), space)
    assert space["f"]() == (1, 3)


def test_cell_that_grows_its_own_value_counts_each_time() -> None:
    """`a = a + 1` run twice is no repeat: the second run starts from the first one's value."""
    found = cut("a", "a = 1\ndef up(): return a + 1", "a = up()", "a = up()")
    space: dict[str, Any] = {}
    exec(module_of(found), space)
    assert space["a"] == 3


def test_comment_added_to_a_cell_is_no_new_value() -> None:
    """A cell run again with nothing but a comment more binds the same value."""
    found = cut("f", "K = 'a'", "def f(k=K): return k, K", "K = 'a'  # the key")
    assert len(found.statements) == 2


def test_decorator_reads_when_the_function_is_made() -> None:
    """A decorator redefined afterwards is the old one for what it has decorated."""
    found = cut("f", "def deco(fn): return 'old'", "@deco\ndef f(): ...", "def deco(fn): return 'new'")
    space: dict[str, Any] = {}
    exec(module_of(found), space)
    assert space["f"] == "old"


def test_inner_function_of_a_decorator_reads_later() -> None:
    """What a wrapper reads when it is called is the newest."""
    found = cut(
        "f",
        "TEXT = 'old'\ndef deco(fn):\n    def inner(): return TEXT\n    return inner",
        "@deco\ndef f(): ...",
        "TEXT = 'new'",
    )
    space: dict[str, Any] = {}
    exec(module_of(found), space)
    assert space["f"]() == "new"


def test_function_kept_but_not_called_reads_later() -> None:
    """A function put in a table while the class is made runs later, with the newest helper."""
    found = cut("T", "def h(): return 1\ndef on_a(): return h()", "T = {'a': on_a}", "def h(): return 2")
    space: dict[str, Any] = {}
    exec(module_of(found), space)
    assert space["T"]["a"]() == 2


def test_relative_imports_are_reproduced() -> None:
    """`from . import x` stays relative."""
    found = cut(
        "f", "from . import helpers, other\nfrom ..core import make as m", "def f(): return helpers, m"
    )
    assert sorted(item.text for item in found.imports) == [
        "from . import helpers",
        "from ..core import make as m",
    ]


NAMES = st.sampled_from("abcdef")
NUMBERS = st.integers(0, 9)


@st.composite
def cells(draw: st.DrawFn) -> list[str]:
    """Cells of assignments, functions and calls over six names."""
    known: list[str] = []
    functions: set[str] = set()
    made: list[str] = []
    for _ in range(draw(st.integers(2, 10))):
        name = draw(NAMES)
        values = [one for one in known if one not in functions]
        reads = draw(st.sampled_from(values)) if values else str(draw(NUMBERS))
        kind = draw(st.integers(0, 3))
        callables = sorted(functions)
        if kind == 0:
            made.append(f"{name} = {draw(NUMBERS)}")
        elif kind == 1:
            made.append(f"{name} = {reads} + {draw(NUMBERS)}")
        elif kind == 2 and callables:
            made.append(f"{name} = {draw(st.sampled_from(callables))}()")
        else:
            name = name.upper()
            made.append(f"def {name}(extra={reads}): return {reads} * 2 + extra")
        assert not keyword.iskeyword(name)
        if name not in known:
            known.append(name)
        if name.isupper():
            functions.add(name)
    return made


@given(cells())
@settings(max_examples=300, deadline=None)
def test_slice_gives_the_value_that_the_notebook_has(made: list[str]) -> None:
    """For any mix of constants and functions the module gives what the kernel has, or it is refused."""
    live: dict[str, Any] = {}
    for cell in made:
        exec(cell, live)
    names = [name for name in live if len(name) == 1]
    for name in names:
        try:
            found = cut(name, *made, namespace=live)
        except ExportError as error:
            if error.reason == "two values":
                continue
            raise
        space: dict[str, Any] = {}
        exec(module_of(found), space)
        expected, got = (value() if callable(value) else value for value in (live[name], space[name]))
        assert expected == got
