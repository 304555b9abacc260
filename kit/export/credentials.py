"""Finds secrets in the source of a slice, by their name and by their look.

The patterns are those that the issuers publish: Discord's bot token (three base64 parts, the first an id),
webhook URLs, and the fixed prefixes of GitHub, OpenAI, Stripe, Slack, AWS, Google, GitLab and PyPI keys.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .errors import ExportError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .slice import Slice
    from .statements import Statement

_NAME = re.compile(
    r"(?:^|_)(?:token|secret|password|passwd|pwd|passphrase|credentials?|api_?key|access_?key|private_?key|"
    r"secret_?key|auth_?key|webhook_url)$",
    re.IGNORECASE,
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_LOOKS = {
    "a Discord bot token": re.compile(r"[MNO][\w-]{17,30}\.[\w-]{6,7}\.[\w-]{27,}"),
    "a Discord webhook": re.compile(r"discord(?:app)?\.com/api/(?:v\d+/)?webhooks/\d+/[\w-]{30,}"),
    "a URL with a password": re.compile(r"\b[a-z][a-z0-9+.-]*://[^/\s:@]*:[^/\s@]+@", re.IGNORECASE),
    "a private key": re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"),
    "a signed token": re.compile(r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}"),
    "an API key": re.compile(
        r"\b(?:gh[pousr]_\w{20,}|github_pat_\w{20,}|sk-[\w-]{20,}|[sr]k_(?:live|test)_\w{16,}|"
        r"xox[abeprs]-[\w-]{10,}|AKIA[0-9A-Z]{16}|AIza[\w-]{30,}|glpat-[\w-]{20,}|pypi-[\w-]{40,}|"
        r"hf_\w{30,}|npm_\w{30,}|SG\.[\w-]{16,}\.[\w-]{16,})"
    ),
}
_OUTSIDE = frozenset({"environ", "getenv", "open", "read_text", "read_bytes", "load_dotenv", "dotenv_values"})


@dataclass(frozen=True)
class Secret:
    """A secret in the source.

    Args:
        what: What it is, to be read after "is".
        name: The name to read it by from the environment.
        line: The line of the tree.
    """

    what: str
    name: str
    line: int


def look_of(text: str) -> str | None:
    """Say which secret a text looks like.

    Args:
        text: Any text.

    Returns:
        `a Discord bot token` and the like, or None.
    """
    return next((what for what, pattern in _LOOKS.items() if pattern.search(text)), None)


def masked(text: str) -> str:
    """Hide what looks like a secret, so that a message can be shown and saved with the notebook.

    Args:
        text: Any text.

    Returns:
        The text with three dots in the place of each secret.
    """
    for pattern in _LOOKS.values():
        text = pattern.sub("...", text)
    return text


def is_secret_name(name: str) -> bool:
    """Say whether a name is one that people give to secrets.

    Args:
        name: An identifier, in snake or camel case.

    Returns:
        True for `BOT_TOKEN` and `apiKey`, False for `TOKEN_EMOJI`.
    """
    return _NAME.search(_CAMEL.sub("_", name)) is not None


def secrets_in(node: ast.AST) -> Iterator[Secret]:
    """Find the secrets that a tree spells out.

    Args:
        node: Any tree.

    Yields:
        Literals bound to a telling name or passed to a telling parameter, and literals with a telling look.
    """
    names: dict[int, str] = {}
    for inner in ast.walk(node):
        for name, value in _named_values(inner):
            names.update((id(literal), name) for literal in ast.walk(value))
            if is_secret_name(name) and _is_spelled_out(value):
                yield Secret(f"`{name}` is a secret, by its name", _variable(name), value.lineno)
    for inner in ast.walk(node):
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str | bytes):
            text = inner.value if isinstance(inner.value, str) else inner.value.decode(errors="replace")
            if (what := look_of(text)) is not None:
                name = names.get(id(inner), "SECRET")
                yield Secret(f"a literal looks like {what}", _variable(name), inner.lineno)


def _named_values(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    match node:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                yield from _pairs(target, value)
        case ast.AnnAssign(target=target, value=ast.expr() as value):
            yield from _pairs(target, value)
        case ast.NamedExpr(target=target, value=value):
            yield from _pairs(target, value)
        case ast.keyword(arg=str(name), value=value):
            yield name, value
        case ast.arguments():
            positional = [*node.posonlyargs, *node.args]
            defaults = positional[len(positional) - len(node.defaults) :]
            for argument, default in [
                *zip(defaults, node.defaults, strict=True),
                *zip(node.kwonlyargs, node.kw_defaults, strict=True),
            ]:
                if default is not None:
                    yield argument.arg, default


def _pairs(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    match target, value:
        case ast.Name(id=name), _:
            yield name, value
        case ast.Attribute(attr=name), _:
            yield name, value
        case (ast.Tuple(elts=targets), ast.Tuple(elts=values)) if len(targets) == len(values):
            for inner, part in zip(targets, values, strict=True):
                yield from _pairs(inner, part)


def _is_spelled_out(value: ast.expr) -> bool:
    if isinstance(value, ast.Constant):
        return isinstance(value.value, str | bytes) and bool(value.value.strip())
    return isinstance(value, ast.BinOp) and _is_spelled_out(value.left) and _is_spelled_out(value.right)


def _variable(name: str) -> str:
    return _CAMEL.sub("_", name).upper()


def refuse_secrets(found: Slice, namespace: Mapping[str, Any]) -> None:
    """Refuse a slice that carries a secret; the message never repeats it.

    Args:
        found: The slice.
        namespace: The kernel's live values: a secret put together from parts shows there.

    Raises:
        ExportError: With the reason `secret` and the `os.environ` line to write.
    """
    for statement in found.statements:
        for secret in secrets_in(statement.node):
            raise _refusal(statement, secret)
        for name in sorted(statement.bound.names):
            live = namespace.get(name)
            if isinstance(live, str) and (what := look_of(live)) and not _comes_from_outside(statement.node):
                secret = Secret(
                    f"the value of `{name}` looks like {what}", name.upper(), statement.node.lineno
                )
                raise _refusal(statement, secret)


def _comes_from_outside(node: ast.AST) -> bool:
    return any(
        (isinstance(inner, ast.Name) and inner.id in _OUTSIDE)
        or (isinstance(inner, ast.Attribute) and inner.attr in _OUTSIDE)
        for inner in ast.walk(node)
    )


def _refusal(statement: Statement, secret: Secret) -> ExportError:
    bound = {name.upper(): name for name in statement.bound.names}
    target = bound.get(secret.name, secret.name)
    return ExportError(
        "secret",
        f"{secret.what}, and a module is no place for one",
        fix=f'{target} = os.environ["{secret.name}"]',
        cell=statement.cell.number,
        line=statement.typed_line(secret.line),
    )
