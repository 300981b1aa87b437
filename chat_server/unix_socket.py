"""A Unix socket with a file, whose permissions tell who may use it. No symbolic link is followed."""

import contextlib
import errno
import fcntl
import os
import socket
import stat
import struct
import time
from collections.abc import Iterator
from pathlib import Path

from chat_server.errors import ListenError, OperatorError

#: For its owner alone.
MODE = 0o600
#: How long a path may be that the system takes (unix(7): 108 bytes with the NUL).
PATH_BYTES = 107
WAITING_CONNECTIONS = 128
#: How often, and how many seconds apart, the folder's lock is tried: another server may be starting.
LOCK_TRIES = 50
LOCK_PAUSE_SECONDS = 0.02


class SocketFile:
    """A listening socket with a file.

    1. A file that a dead server left is replaced; one of a live server, or one that is no socket, is not.
    2. `remove` takes away the file that was made here, and no other.

    Raises `ListenError` if it cannot be.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            with _folder(path, os.O_RDONLY) as folder:
                _clear(path, folder)
                os.fchmod(self.socket.fileno(), MODE)  # before there is a file: nobody can be faster
                self.socket.bind(_address(path, folder))
                self._made = _identity(path)
            self.socket.listen(WAITING_CONNECTIONS)
        except OSError as error:
            self.socket.close()
            raise ListenError(
                f"cannot make {path}: {error.strerror}; give another place with --admin-socket"
            ) from None
        except BaseException:
            self.socket.close()
            raise

    def remove(self) -> None:
        """Close the socket and take its file away."""
        with contextlib.suppress(OSError):
            if _identity(self.path) == self._made:
                self.path.unlink()
        self.socket.close()


def connected(path: Path, timeout: float) -> socket.socket:
    """Return a connection to a server's socket. Raises `OSError`, and `OperatorError` if it is no socket."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        # Not settimeout: it would not wait for a place among the connections that wait (unix(7)).
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", round(timeout), 0))
        with _folder(path, os.O_PATH) as folder:
            _check(path)
            sock.connect(_address(path, folder))
        sock.settimeout(timeout)
    except BaseException:
        sock.close()
        raise
    return sock


def _check(path: Path) -> None:
    if not stat.S_ISSOCK(path.lstat().st_mode):
        raise OperatorError(f"{path} is no socket; name the server's with --admin-socket")


@contextlib.contextmanager
def _folder(path: Path, mode: int) -> Iterator[int]:
    folder = os.open(path.parent, mode | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield folder
    finally:
        os.close(folder)


def _address(path: Path, folder: int) -> str:
    """Return what the system takes for the path, however long that is (proc_pid_fd(5))."""
    if len(os.fsencode(path)) <= PATH_BYTES:
        return str(path)
    return f"/proc/self/fd/{folder}/{path.name}"


def _clear(path: Path, folder: int) -> None:
    """Take away the socket of a dead server; the folder's lock keeps others from doing so at the same time.

    Raises `ListenError`, `OSError`.
    """
    _lock(folder)
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise ListenError(f"{path} is there and is no socket; move it away, or give another --admin-socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)  # socket's own signature
        answer = probe.connect_ex(_address(path, folder))
    if answer != errno.ECONNREFUSED:
        raise ListenError(f"{path} is used by another server; end that one, or give another --admin-socket")
    path.unlink()


def _lock(folder: int) -> None:
    """Lock the folder until it is closed; whoever has it does so for a moment. Raises `OSError`."""
    for _ in range(LOCK_TRIES):
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        time.sleep(LOCK_PAUSE_SECONDS)
    fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _identity(path: Path) -> tuple[int, int]:
    found = path.lstat()
    return found.st_dev, found.st_ino
