"""A Unix socket with a file."""

import contextlib
import fcntl
import os
import socket
import stat
import threading
from pathlib import Path

import pytest

from chat_server import unix_socket
from chat_server.errors import ListenError, OperatorError
from chat_server.unix_socket import PATH_BYTES, SocketFile, connected

PATIENCE = 10.0


def dead(path: Path) -> None:
    """Leave the socket of a server that is gone."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(path))


def test_it_is_for_its_owner_alone(tmp_path: Path) -> None:
    """From the first moment, whatever the umask; and its file is gone afterwards."""
    before = os.umask(0)
    try:
        file = SocketFile(tmp_path / "admin")
    finally:
        os.umask(before)
    mode = (tmp_path / "admin").lstat().st_mode
    assert (stat.S_ISSOCK(mode), stat.S_IMODE(mode)) == (True, 0o600)
    file.remove()
    assert list(tmp_path.iterdir()) == []


def test_it_can_be_reached(tmp_path: Path) -> None:
    """Also by a path that is longer than the system takes."""
    folder = tmp_path / ("long" * 30)
    folder.mkdir()
    for path in (tmp_path / "a", folder / "admin"):
        file = SocketFile(path)
        with connected(path, PATIENCE) as sock:
            served, _ = file.socket.accept()
            served.sendall(b"hello")
            assert sock.recv(16) == b"hello"
            served.close()
        file.remove()
        assert not path.exists()
    assert len(os.fsencode(folder / "admin")) > PATH_BYTES


def test_that_of_a_dead_server_is_replaced(tmp_path: Path) -> None:
    """A live one is not, and stays."""
    path = tmp_path / "admin"
    dead(path)
    file = SocketFile(path)
    with pytest.raises(ListenError, match="used by another server"):
        SocketFile(path)
    connected(path, PATIENCE).close()
    file.remove()


@pytest.mark.parametrize("kind", ["file", "link", "dangling", "folder"])
def test_what_is_no_socket_stays(tmp_path: Path, kind: str) -> None:
    """Also a link to one: nothing is followed, removed or replaced."""
    path = tmp_path / "admin"
    target = tmp_path / "target"
    if kind == "link":
        dead(target)
    if kind in ("link", "dangling"):
        path.symlink_to(target)
    elif kind == "file":
        path.write_text("mine")
    else:
        path.mkdir()
    before = sorted(tmp_path.iterdir())
    with pytest.raises(ListenError, match="is no socket"):
        SocketFile(path)
    with pytest.raises(OperatorError, match="is no socket"):
        connected(path, PATIENCE)
    assert sorted(tmp_path.iterdir()) == before


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    """Says what to give instead; whoever asks gets what the system says."""
    with pytest.raises(ListenError, match="No such file or directory; give another place"):
        SocketFile(tmp_path / "none" / "admin")
    with pytest.raises(FileNotFoundError):
        connected(tmp_path / "none" / "admin", PATIENCE)
    with pytest.raises(FileNotFoundError):
        connected(tmp_path / "admin", PATIENCE)


def test_a_file_that_is_another_s_is_not_removed(tmp_path: Path) -> None:
    """Somebody moved ours away and made one in its place."""
    path = tmp_path / "admin"
    file = SocketFile(path)
    path.rename(tmp_path / "moved")
    dead(path)
    file.remove()
    assert path.exists()


def test_only_one_of_many_that_start_at_once(tmp_path: Path) -> None:
    """Each sees the socket of a dead server; none takes away that of another that has just started."""
    path = tmp_path / "admin"
    dead(path)
    made: list[SocketFile] = []
    together = threading.Barrier(8)

    def start() -> None:
        together.wait(PATIENCE)
        with contextlib.suppress(ListenError):
            made.append(SocketFile(path))

    threads = [threading.Thread(target=start, name=f"start-{number}") for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert len(made) == 1
    connected(path, PATIENCE).close()
    made[0].remove()


def test_a_folder_that_somebody_keeps_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No start hangs for it."""
    monkeypatch.setattr(unix_socket, "LOCK_PAUSE_SECONDS", 0.0)
    folder = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    with pytest.raises(ListenError, match="give another place"):
        SocketFile(tmp_path / "admin")
    os.close(folder)
    SocketFile(tmp_path / "admin").remove()
