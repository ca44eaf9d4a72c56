"""Text from files and into files: read by name or refused by name, written whole or not at all.

>>> import os, tempfile
>>> with tempfile.TemporaryDirectory() as folder:
...     path = write_whole(os.path.join(folder, "f.py"), '"compiled by gradc"')
...     read(path), os.listdir(folder)
('"compiled by gradc 8e1c1e9f24b4"', ['f.py'])
"""

from __future__ import annotations

import os
import re
import stat
from itertools import count
from typing import BinaryIO

from gradc.base.errors import GradcError

# What a file of gradc's own says near its beginning, a module or a picture, with a digest of all the rest behind it:
# a file that somebody has changed since is nobody's to write over.
COMPILED, DRAWN = "compiled by gradc", "drawn by gradc"
_HEAD = 1000
_MARK = re.compile(f"({COMPILED}|{DRAWN})(?: ([0-9a-f]{{12}}))?")

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
    """Write a file whole or not at all; raises FileExistsError for one that is not as gradc wrote it.

    A link stays a link, to a file with the new text; a device or a pipe is written to as it is.
    """
    data = signed(text).encode("utf-8") if isinstance(text, str) else text
    mode = os.stat(path).st_mode if os.path.exists(path) else 0
    if mode and not stat.S_ISREG(mode):
        with open(path, "wb") as file:
            file.write(data)
        return path
    real = os.path.realpath(path)
    if mode and not force and not _is_ours(real):
        raise FileExistsError(f"{os.fspath(path)} was not written by gradc, or was changed since")
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


def signed(text: str) -> str:
    """A text with the digest of its rest behind the first mark in it.

    >>> signed("# drawn by gradc, for you"), signed(signed("# drawn by gradc, for you")), signed("x")
    ('# drawn by gradc 7d0db1f2439c, for you', '# drawn by gradc 7d0db1f2439c, for you', 'x')
    """
    mark = _MARK.search(text, 0, _HEAD)
    if mark is None:
        return text
    before, after = text[: mark.end(1)], text[mark.end() :]
    return f"{before} {_digest(before + after)}{after}"


def unsigned(text: str) -> str:
    """The same without the digest."""
    mark = _MARK.search(text, 0, _HEAD)
    return text if mark is None else text[: mark.end(1)] + text[mark.end() :]


def _digest(text: str) -> str:
    from _blake2 import blake2b  # what hashlib has it from, without loading the rest of that

    found: str = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
    return found


def reason(error: OSError) -> str:
    """What the system says, in lower case.

    >>> reason(OSError(2, "No such file or directory"))
    'no such file or directory'
    """
    said = error.strerror or str(error)
    return said[:1].lower() + said[1:]


def _is_ours(path: str) -> bool:
    """Whether a file is as gradc wrote it. Of a picture of bytes the mark is enough: nobody edits one by hand."""
    with open(path, "rb") as file:
        data = file.read()
    if not data:
        return True
    if data.startswith(b"\x89PNG"):
        return DRAWN.encode() in data[:_HEAD]
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    mark = _MARK.search(text, 0, _HEAD)
    return mark is not None and mark[2] is not None and signed(text) == text


_numbers = count(1)


def _draft(folder: str) -> tuple[int, str]:
    """A new file in the folder, of a name that no other process or thread uses."""
    while True:
        name = os.path.join(folder, f".gradc-{os.getpid()}-{next(_numbers)}.part")
        try:
            return os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), name
        except FileExistsError:
            continue
