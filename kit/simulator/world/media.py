"""What an uploaded file is: its content type and, for images, its size in pixels."""

from __future__ import annotations

import mimetypes
import struct
from dataclasses import dataclass

JPEG_FRAME_MARKERS = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
JPEG_BARE_MARKERS = {0x01, *range(0xD0, 0xD9)}


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came with a request.

    Args:
        filename: Its name, as sent.
        data: Its bytes.
    """

    filename: str
    data: bytes

    @property
    def content_type(self) -> str:
        """Guessed from the name, as Discord does, and binary where nothing is known."""
        return mimetypes.guess_type(self.filename)[0] or "application/octet-stream"


def image_type(data: bytes) -> str | None:
    """What kind of image some bytes are, as the ending of a file name; None if none that Discord takes.

    Args:
        data: The file.
    """
    for kind, start in (("png", b"\x89PNG\r\n\x1a\n"), ("gif", b"GIF8"), ("jpg", b"\xff\xd8")):
        if data.startswith(start):
            return kind
    return "webp" if data[:4] == b"RIFF" and data[8:12] == b"WEBP" else None


def image_size(data: bytes) -> tuple[int, int] | None:
    """Width and height from the header of a PNG, GIF or JPEG; None for anything else.

    Args:
        data: The file.
    """
    if data[:8] == b"\x89PNG\r\n\x1a\n" and len(data) >= struct.calcsize(">16xII"):
        width, height = struct.unpack_from(">II", data, 16)
        return width, height
    if data[:6] in (b"GIF87a", b"GIF89a") and len(data) >= struct.calcsize("<6xHH"):
        width, height = struct.unpack_from("<HH", data, 6)
        return width, height
    if data[:2] == b"\xff\xd8":
        return _jpeg_size(data)
    return None


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    position = 2
    while position + 9 <= len(data) and data[position] == 0xFF:
        marker = data[position + 1]
        if marker in JPEG_FRAME_MARKERS:
            height, width = struct.unpack_from(">HH", data, position + 5)
            return width, height
        if marker in JPEG_BARE_MARKERS:
            position += 2
            continue
        position += 2 + struct.unpack_from(">H", data, position + 2)[0]
    return None
