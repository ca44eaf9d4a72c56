"""Text from files and into files: read by name or refused by name, written whole or not at all.

>>> import os, tempfile
>>> with tempfile.TemporaryDirectory() as folder:
...     path = write_whole(os.path.join(folder, "f.py"), '"compiled by gradc"')
...     read(path), os.listdir(folder)
('"compiled by gradc"', ['f.py'])
"""

from __future__ import annotations

import os
import stat
from itertools import count
from typing import BinaryIO

from gradc.base.errors import GradcError

# What a file of gradc's own says near its beginning: a module, a picture.
COMPILED, DRAWN = "compiled by gradc", "drawn by gradc"
_HEAD = 1000

Path = str | os.PathLike[str]


def read(path: Path, limit: int | None = None) -> str:
    """A file's text of at most `limit` characters; `GradcError` says by name what is wrong with it."""
    name = os.fspath(path)
    try:
        with open(path, "rb") as file:
            return decoded(file.read() if limit is None else limited(file, limit, name), name)
    except OSError as error:
        raise GradcError(f"cannot read {name}: {reason(error)}") from None


def limited(file: BinaryIO, limit: int, name: str) -> bytes:
    """All of a stream, unless it is longer than so many characters can be."""
    most = 4 * limit
    data = file.read(most + 1)
    if len(data) > most:
        raise GradcError(f"{name} has more than {limit} characters", hint="allow more with --max-source")
    return data


def decoded(data: bytes, name: str) -> str:
    """Bytes as UTF-8, with or without a byte-order mark.

    >>> decoded(b"x + \\xff", "a.txt")
    Traceback (most recent call last):
        ...
    gradc.base.errors.GradcError: a.txt is not UTF-8: byte 0xff at offset 4
      save it as UTF-8
    """
    try:
        return data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
        where = f"byte {data[error.start]:#04x} at offset {error.start}"
        hint = "it looks like UTF-16; save it as UTF-8" if wide else "save it as UTF-8"
        raise GradcError(f"{name} is not UTF-8: {where}", hint=hint) from None


def write_whole(path: Path, text: str | bytes, force: bool = False) -> Path:
    """Write a file whole or not at all; raises FileExistsError for one that gradc did not write.

    A link stays a link, to a file with the new text; a device or a pipe is written to as it is.
    """
    data = text.encode("utf-8") if isinstance(text, str) else text
    mode = os.stat(path).st_mode if os.path.exists(path) else 0
    if mode and not stat.S_ISREG(mode):
        with open(path, "wb") as file:
            file.write(data)
        return path
    real = os.path.realpath(path)
    if mode and not force and not _is_ours(real):
        raise FileExistsError(f"{os.fspath(path)} was not written by gradc")
    handle, draft = _draft(os.path.dirname(real))
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(handle)
        if mode:
            os.chmod(draft, stat.S_IMODE(mode))
        os.replace(draft, real)
    except BaseException:
        os.unlink(draft)
        raise
    return path


def reason(error: OSError) -> str:
    """What the system says, in lower case.

    >>> reason(OSError(2, "No such file or directory"))
    'no such file or directory'
    """
    said = error.strerror or str(error)
    return said[:1].lower() + said[1:]


def _is_ours(path: str) -> bool:
    with open(path, "rb") as file:
        head = file.read(_HEAD)
    return not head or any(mark.encode() in head for mark in (COMPILED, DRAWN))


_numbers = count(1)


def _draft(folder: str) -> tuple[int, str]:
    """A new file in the folder, of a name that no other process or thread uses."""
    while True:
        name = os.path.join(folder, f".gradc-{os.getpid()}-{next(_numbers)}.part")
        try:
            return os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), name
        except FileExistsError:
            continue
