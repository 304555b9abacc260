"""What can go wrong in the simulator: people's mistakes, broken files, and Discord's own refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

UNKNOWN_CODES: Mapping[str, int] = {
    "Application": 10002,
    "Channel": 10003,
    "Guild": 10004,
    "Member": 10007,
    "Message": 10008,
    "Overwrite": 10009,
    "Role": 10011,
    "User": 10013,
    "Emoji": 10014,
    "Webhook": 10015,
    "Ban": 10026,
    "interaction": 10062,
    "application command": 10063,
    "application command permissions": 10066,
}


class ClickError(LookupError, ValueError):
    """A person tried something that Discord's own client would not let them do."""


class WorldFileError(ValueError):
    """A world file can't be read or doesn't hold a world."""


class EndpointError(ValueError):
    """Discord would not accept a bot's HTTP endpoint, or what it answered."""


class UnknownError(LookupError):
    """Something that was asked for by id is not in the world.

    Args:
        kind: What it is, in Discord's words: a key of ``UNKNOWN_CODES``.
        wanted: The id or name that was asked for.
        hint: What to do about it.
    """

    def __init__(self, kind: str, wanted: object, hint: str = "") -> None:
        self.kind = kind
        super().__init__(f"Unknown {kind}: {wanted}" + (f". {hint}" if hint else ""))


class ApiError(Exception):
    """A refusal that goes over the wire in Discord's error shape.

    Args:
        status: HTTP status.
        code: Discord's JSON error code (docs page *Opcodes and Status Codes*).
        message: Discord's words for it.
        errors: The ``errors`` tree of an Invalid Form Body.
    """

    def __init__(self, status: int, code: int, message: str, errors: Mapping[str, Any] | None = None) -> None:
        super().__init__(f"{status} (error code: {code}): {message}")
        self.status = status
        self.code = code
        self.message = message
        self.errors = errors
        self.headers: dict[str, str] = {}

    def body(self) -> dict[str, Any]:
        """The JSON that Discord answers with (docs page *API Reference*, "Error Messages")."""
        body: dict[str, Any] = {"message": self.message, "code": self.code}
        if self.errors is not None:
            body["errors"] = self.errors
        return body


class UnsupportedError(Exception):
    """Discord could do this and the simulator can't: answered 501 and listed, never faked."""


def unknown(kind: str) -> ApiError:
    """The 404 that Discord answers for an id it doesn't know.

    Args:
        kind: A key of ``UNKNOWN_CODES``.
    """
    return ApiError(404, UNKNOWN_CODES[kind], f"Unknown {kind}")


def invalid_form(errors: Mapping[str, Any]) -> ApiError:
    """The 400 for a body that breaks a rule.

    Args:
        errors: The tree that mirrors the request, leaves under ``_errors``.
    """
    return ApiError(400, 50035, "Invalid Form Body", errors)


def invalid_field(name: str, code: str, message: str) -> ApiError:
    """An Invalid Form Body about one top-level field.

    Args:
        name: The field; empty for the body itself.
        code: Discord's inner code, such as ``NUMBER_TYPE_COERCE``.
        message: Discord's words for it.
    """
    tree = {"_errors": [{"code": code, "message": message}]}
    return invalid_form({name: tree} if name else tree)
