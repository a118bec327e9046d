"""Small files of the demo's home: secrets that are made once, and logs that stay small."""

import os
import secrets
from pathlib import Path
from typing import IO

LOG_BYTES = 5_000_000


def kept_secret(path: Path, *, size: int = 12) -> str:
    """The secret in this file, made of `size` bytes at the first call; its owner alone reads it."""
    if not path.exists():
        unfinished = path.with_name(f"{path.name}.{os.getpid()}")
        unfinished.unlink(missing_ok=True)
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w") as file:
            file.write(secrets.token_hex(size))
        # Renaming makes the name appear with the content in it, or not at all.
        unfinished.rename(path)
    return path.read_text()


def open_log(path: Path) -> IO[bytes]:
    """Opens a log to be appended to, emptied first if earlier runs have made it long."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > LOG_BYTES:
        path.write_bytes(b"")
    return path.open("ab")


def tail(path: Path, *, lines: int | None = 20, start: int = 0) -> str:
    """The last lines of a log, none from before byte `start`; None for as many as there are."""
    if not path.exists():
        return ""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(start, size - 64_000))
        return "\n".join(file.read().decode(errors="replace").splitlines()[-(lines or 0) :])
