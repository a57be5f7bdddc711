"""Whether a MATLAB 5 file is fit for scipy's reader, which trusts the tags inside a variable.

A wrong type tag ends the process there (scipy 1.17: segmentation fault in `read_var_array`), where
no `except` can help. So the tags on the way to the wanted variable are looked at first, as the
format's public description has them (MAT-File Format, level 5).
"""

from __future__ import annotations

import struct
import zlib

MATRIX, COMPRESSED = 14, 15
NUMERIC_CLASSES = range(6, 16)  # double, single, int8 ... uint64
NUMERIC_TYPES = {1, 2, 3, 4, 5, 6, 7, 9, 12, 13}
OTHER_CLASSES = {1: "object (a cell)", 2: "a struct", 4: "text", 5: "a sparse table"}
COMPLEX = 0x0800
HEADER = 128
LARGEST = 1 << 28
"""Bytes of an unpacked variable. CHOICE: MARS's largest table takes under half a megabyte."""


def mat5_fault(content: bytes, key: str) -> str:
    """Why a file must not be given to scipy; empty if it may (or is no MATLAB 5 file at all).

    Args:
        content: of the whole file.
        key: the variable that will be asked for; the contents of others are not looked at.
    """
    if len(content) < HEADER or 0 in content[:4]:
        return ""  # too short for any version, or version 4: scipy's own refusals do
    order = "<" if content[126:128] == b"IM" else ">"
    position = HEADER
    try:
        while position < len(content):
            kind, size = struct.unpack_from(f"{order}II", content, position)
            body = content[position + 8 : position + 8 + size]
            where = f"byte {position}"
            if size == 0 or len(body) < size:
                return f"{where}: the file is cut off in a variable"
            if kind == COMPRESSED:
                kind, body = _unpacked(body, order)
            if kind != MATRIX:
                return f"{where}: an element of type {kind}, expected a variable"
            fault = _variable_fault(body, order, key)
            if fault:
                return f"{where}: {fault}"
            position += 8 + size
    except struct.error:
        return f"byte {position}: the file is cut off in a tag"
    except (zlib.error, ValueError) as error:
        return f"byte {position}: {error}"
    return ""


def _unpacked(body: bytes, order: str) -> tuple[int, bytes]:
    """Type and content of the one element in a compressed one."""
    unpacker = zlib.decompressobj()
    plain = unpacker.decompress(body, LARGEST)
    if unpacker.unconsumed_tail:
        raise ValueError(f"a variable of more than {LARGEST} bytes")
    kind, size = struct.unpack_from(f"{order}II", plain, 0)
    if len(plain) < 8 + size:
        raise ValueError("a variable that is cut off")
    return kind, plain[8 : 8 + size]


def _variable_fault(body: bytes, order: str, key: str) -> str:
    """What is wrong with a variable, if it is the wanted one: class, name, numbers."""
    parts, position = [], 0
    for _ in range(4):  # flags, dimensions, name, real part
        if position >= len(body):
            break
        kind, part, position = _element(body, order, position)
        parts.append((kind, part))
    if len(parts) < 3 or parts[2][1].decode("latin-1") != key:
        return "" if len(parts) >= 3 else "a variable without flags, dimensions and name"
    (flags,) = struct.unpack_from(f"{order}I", parts[0][1], 0)
    held = "complex128" if flags & COMPLEX else OTHER_CLASSES.get(flags & 0xFF, "something else")
    if flags & 0xFF not in NUMERIC_CLASSES or flags & COMPLEX:
        return f"{key}: expected a table of numbers, got {held}"
    if len(parts) < 4 or parts[3][0] not in NUMERIC_TYPES:
        return f"{key}: expected a table of numbers, there are none in it"
    return ""


def _element(body: bytes, order: str, position: int) -> tuple[int, bytes, int]:
    """Type, content and end of an element; short ones hold their content in the tag."""
    kind, size = struct.unpack_from(f"{order}II", body, position)
    if kind >> 16:
        kind, size = kind & 0xFFFF, kind >> 16
        if size > 4:
            raise ValueError(f"a short element of {size} bytes")
        return kind, body[position + 4 : position + 4 + size], position + 8
    if position + 8 + size > len(body):
        raise ValueError("an element is cut off")
    return kind, body[position + 8 : position + 8 + size], position + 8 + size + -size % 8
