"""Finds secrets in the source of a slice, by their name and by their look.

The patterns are those that the issuers publish: Discord's bot token (three base64 parts, the first an id),
webhook URLs, and the fixed prefixes of GitHub, OpenAI, Stripe, Slack, AWS, Google, GitLab and PyPI keys.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from .errors import ExportError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from .slice import Slice
    from .statements import Statement

_NAME = re.compile(
    r"(?:^|_)(?:token|(?:bot|api|access|auth|refresh)_?tokens|secret|passwords?|passwd|passcode|pwd|passphrase|credentials?|webhook_url|"
    r"(?:db|database|sql|smtp|imap|mail|ftp|ssh|redis|pg|admin|root|user)_?pass|"
    r"(?:api|access|private|secret|auth|encryption|signing|signature|hmac|master|client|fernet)_?keys?)"
    r"(?:_(?:b64|base64|hex|\d+))?$",
    re.IGNORECASE,
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_LOOKS = {
    "a Discord bot token": re.compile(r"[MNO][\w-]{17,30}\.[\w-]{6,7}\.[\w-]{27,}"),
    "a Discord webhook": re.compile(r"discord(?:app)?\.com/api/(?:v\d+/)?webhooks/\d+/[\w-]{30,}"),
    "a URL with a password": re.compile(r"\b[a-z][a-z0-9+.-]*://[^/\s:@]*:[^/\s@]+@", re.IGNORECASE),
    "a private key": re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"),
    "an authorization header": re.compile(r"\b(?:Bearer|Bot|Basic) +(?=[^\s'\"]*\d)[\w.~+/=-]{20,}"),
    "a URL with a key": re.compile(
        r"[?&](?:api_?key|access_?token|auth_?token|token|secret|password|sig(?:nature)?)=[^\s&#'\"{}<>]{8,}",
        re.IGNORECASE,
    ),
    "a connection string with a password": re.compile(
        r"\b(?:password|pwd)\s*=\s*[^\s;'\"{}<>]+\s*;", re.IGNORECASE
    ),
    "a signed token": re.compile(r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}"),
    "an API key": re.compile(
        r"\b(?:gh[pousr]_\w{20,}|github_pat_\w{20,}|sk-[\w-]{20,}|[sr]k_(?:live|test)_\w{16,}|"
        r"xox[abeprs]-[\w-]{10,}|AKIA[0-9A-Z]{16}|AIza[\w-]{30,}|glpat-[\w-]{20,}|pypi-[\w-]{40,}|"
        r"hf_\w{30,}|npm_\w{30,}|SG\.[\w-]{16,}\.[\w-]{16,})"
    ),
}
_DECODERS = frozenset(
    {"b64decode", "fromhex", "unhexlify", "str", "bytes", "field", "Field", "list", "tuple", "set"}
) | {"frozenset", "dict", "SecretStr"}
_ASSIGNED = re.compile(r"([\w-]+)[\"']?\]?(?:\s*:\s*\w+)?\s*[:=,]")
_LITERAL = re.compile(r"([\"']).*?(?:\1|$)")
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
    return "\n".join(map(_hidden, text.split("\n")))


def _hidden(line: str) -> str:
    """Empty the literals to the right of a telling name."""
    for found in _ASSIGNED.finditer(line):
        if is_secret_name(found[1]):
            return line[: found.end()] + _LITERAL.sub('"..."', line[found.end() :])
    return line


def is_secret_name(name: str) -> bool:
    """Say whether a name is one that people give to secrets.

    Args:
        name: An identifier, in snake or camel case.

    Returns:
        True for `BOT_TOKEN`, `apiKey` and `X-Api-Key`, False for `TOKEN_EMOJI`.
    """
    return _NAME.search(_snake(name)) is not None


def _snake(name: str) -> str:
    return re.sub(r"\W", "_", _CAMEL.sub("_", name))


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
            if is_secret_name(name) and _is_spelled_out(value, name):
                yield Secret(f"`{name}` is a secret, by its name", _variable(name), value.lineno)
    for inner in ast.walk(node):
        if isinstance(inner, ast.expr) and (what := look_of(_text_of(inner))) is not None:
            name = names.get(id(inner), "SECRET")
            yield Secret(f"a literal looks like {what}", _variable(name), inner.lineno)


def _text_of(node: ast.expr) -> str:
    """The text that an expression of nothing but literals makes; empty for any other."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.Constant(value=bytes(data)):
            return data.decode(errors="replace")
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _text_of(left) + _text_of(right)
        case ast.Call(func=ast.Attribute(value=glue, attr="join"), args=[ast.List() | ast.Tuple() as parts]):
            return _text_of(glue).join(map(_text_of, parts.elts))
    return ""


def _named_values(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    match node:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                yield from _pairs(target, value)
        case (
            ast.AnnAssign(target=target, value=ast.expr() as value)
            | ast.NamedExpr(target=target, value=value)
        ):
            yield from _pairs(target, value)
        case ast.keyword(arg=str(name), value=value):
            yield name, value
        case ast.Dict(keys=keys, values=values):
            yield from _labelled(zip(keys, values, strict=True))
        case ast.Call(args=arguments):
            # `os.getenv("TOKEN", "...")`, `config.setdefault("token", "...")`
            yield from _labelled(pairwise(arguments))
        case ast.arguments():
            yield from _defaults(node)


def _defaults(node: ast.arguments) -> Iterator[tuple[str, ast.expr]]:
    positional = [*node.posonlyargs, *node.args]
    optional = positional[len(positional) - len(node.defaults) :]
    for argument, default in [
        *zip(optional, node.defaults, strict=True),
        *zip(node.kwonlyargs, node.kw_defaults, strict=True),
    ]:
        if default is not None:
            yield argument.arg, default


def _labelled(pairs: Iterable[tuple[ast.expr | None, ast.expr]]) -> Iterator[tuple[str, ast.expr]]:
    for key, value in pairs:
        # A text of several words beside the word "password" is what a user is shown.
        if isinstance(key, ast.Constant) and isinstance(key.value, str) and " " not in _text_of(value):
            yield key.value, value


def _pairs(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    match target, value:
        case ast.Name(id=name), _:
            yield name, value
        case ast.Attribute(attr=name), _:
            yield name, value
        case ast.Subscript(slice=ast.Constant(value=str(name))), _:
            yield name, value
        case (ast.Tuple(elts=targets), ast.Tuple(elts=values)) if len(targets) == len(values):
            for inner, part in zip(targets, values, strict=True):
                yield from _pairs(inner, part)


def _is_spelled_out(value: ast.expr, name: str) -> bool:
    """Whether a literal is somewhere in what a value is made of, other than the name itself as a word."""
    parts: list[ast.expr] = []
    match value:
        case ast.Constant(value=str(text)):
            words = _snake(text).casefold()
            return bool(text.strip()) and not f"_{_snake(name).casefold()}".endswith(f"_{words}")
        case ast.Constant(value=bytes(data)):
            return bool(data.strip())
        case ast.BinOp(left=left, right=right):
            return _is_spelled_out(left, name) and _is_spelled_out(right, name)
        case ast.IfExp(body=body, orelse=orelse):
            parts = [body, orelse]
        case ast.BoolOp(values=parts) | ast.Dict(values=parts):
            pass
        case ast.JoinedStr(values=inner):
            parts = inner if all(isinstance(part, ast.Constant) for part in inner) else []
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
            pass
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=owner))) if owner:
            return True
        case ast.Call(func=ast.Name(id=maker) | ast.Attribute(attr=maker)) if maker in _DECODERS | {"join"}:
            parts = [*value.args, *(one.value for one in value.keywords if one.arg in {None, "default"})]
    return any(_is_spelled_out(part, name) for part in parts)


def _variable(name: str) -> str:
    return _snake(name).upper()


def refuse_secrets(found: Slice, namespace: Mapping[str, Any]) -> None:
    """Refuse a slice that carries a secret; the message never repeats it.

    Args:
        found: The slice.
        namespace: The kernel's live values: a secret put together from parts shows there.

    Raises:
        ExportError: With the reason `secret` and the `os.environ` line to write.
    """
    for statement in found.statements:
        for secret in _secrets_of(statement, namespace):
            raise _refusal(statement, secret)


def _secrets_of(statement: Statement, namespace: Mapping[str, Any]) -> Iterator[Secret]:
    yield from secrets_in(statement.node)
    for name in sorted(statement.bound.names):
        live = namespace.get(name)
        if isinstance(live, str) and (what := look_of(live)) and not comes_from_outside(statement.node):
            yield Secret(f"the value of `{name}` looks like {what}", name.upper(), statement.node.lineno)
    lines = statement.text.split("\n")
    last = statement.node.end_lineno or statement.node.lineno
    for number, line in enumerate(lines, last - len(lines) + 1):
        if what := look_of(line):
            yield Secret(f"a comment has what looks like {what}", "SECRET", number)


def comes_from_outside(node: ast.AST) -> bool:
    """Say whether a tree reads the environment or a file.

    Args:
        node: Any tree.

    Returns:
        Whether a name or attribute that does so stands in it.
    """
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
