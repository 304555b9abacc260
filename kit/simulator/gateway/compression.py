"""The transport compressions of the gateway (docs page *Gateway*, "Transport Compression")."""

from __future__ import annotations

import importlib
import zlib
from collections.abc import Callable
from typing import Any

Encoder = Callable[[str], str | bytes]
ZSTD_MODULES = ("compression.zstd", "backports.zstd", "zstandard")


def encoder_for(compress: str) -> Encoder:
    """What turns a payload's text into a frame, for one connection.

    A client that asks for ``zstd-stream`` where no zstd module is installed gets plain text frames, which
    every client takes as well.

    Args:
        compress: The ``compress`` value of the gateway URL.
    """
    if compress == "zlib-stream":
        return _zlib_stream()
    if compress == "zstd-stream":
        return _zstd_stream() or _plain
    return _plain


def _plain(text: str) -> str:
    return text


def _zlib_stream() -> Encoder:
    # Level 1: the frames travel through memory, so time is all that counts.
    context = zlib.compressobj(1)

    def encode(text: str) -> bytes:
        return context.compress(text.encode()) + context.flush(zlib.Z_SYNC_FLUSH)

    return encode


def _zstd_stream() -> Encoder | None:
    module = _zstd_module()
    if module is None:
        return None
    if module.__name__ == "zstandard":
        context, flush = module.ZstdCompressor(level=1).compressobj(), module.COMPRESSOBJ_FLUSH_BLOCK
    else:
        context = module.ZstdCompressor(level=1)
        flush = context.FLUSH_BLOCK

    def encode(text: str) -> bytes:
        return bytes(context.compress(text.encode()) + context.flush(flush))

    return encode


def _zstd_module() -> Any:
    for name in ZSTD_MODULES:
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    return None
