"""The gateway's opcodes and close codes (docs page *Opcodes and Status Codes*)."""

from __future__ import annotations

DISPATCH, HEARTBEAT, IDENTIFY, PRESENCE, VOICE_STATE, RESUME = 0, 1, 2, 3, 4, 6
RECONNECT, REQUEST_MEMBERS, INVALID_SESSION, HELLO, HEARTBEAT_ACK = 7, 8, 9, 10, 11
REQUEST_SOUNDS = 31

UNKNOWN_ERROR, UNKNOWN_OPCODE, DECODE_ERROR, NOT_AUTHENTICATED = 4000, 4001, 4002, 4003
AUTHENTICATION_FAILED, ALREADY_AUTHENTICATED, INVALID_SEQ, RATE_LIMITED = 4004, 4005, 4007, 4008
SESSION_TIMED_OUT, INVALID_SHARD, SHARDING_REQUIRED, INVALID_VERSION = 4009, 4010, 4011, 4012
INVALID_INTENTS, DISALLOWED_INTENTS = 4013, 4014

GOING_AWAY, ABNORMAL_CLOSURE = 1001, 1006
NORMAL_CLOSURES = (1000, GOING_AWAY)


class Closed(Exception):  # noqa: N818 - a reason to hang up, not a failure
    """Ends a connection with a close code.

    Args:
        code: The code.
        reason: What the client reads beside it.
    """

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
