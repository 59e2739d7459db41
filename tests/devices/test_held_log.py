"""What a device was told to keep is on its disk: whatever is cut off, full, broken or written anew."""

import errno
import os
import resource
import signal
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.backlog import Saved
from devices.held_log import DiskFullError, HeldLog, Taken

READINGS = msgspec.Raw(b'[{"metric":"spo2","value":97,"unit":"%"}]')


def opened(folder: Path) -> tuple[HeldLog, Saved]:
    log = HeldLog(folder / "held.log")
    return log, log.read()


def taken(*seqs: int) -> list[Taken]:
    return [Taken(seq, READINGS, f"k{seq}") for seq in seqs]


def seqs(saved: Saved) -> list[int]:
    return list(saved.held)


def test_a_new_log_begins_with_an_epoch_that_it_keeps(tmp_path: Path) -> None:
    _, first = opened(tmp_path)
    _, again = opened(tmp_path)
    assert (first.next_seq, seqs(first)) == (1, [])
    assert len(first.epoch) == 8
    assert again == first


def test_what_was_kept_and_not_covered_is_there_again(tmp_path: Path) -> None:
    log, began = opened(tmp_path)
    log.take(taken(1, 2, 3))
    log.cover(2)
    log.take(taken(4))
    _, again = opened(tmp_path)
    assert (again.epoch, again.next_seq, seqs(again)) == (began.epoch, 5, [3, 4])
    assert bytes(again.held[3]) == bytes(READINGS)
    assert again.keys == ("k1", "k2", "k3", "k4")


def test_written_anew_it_says_the_same_in_less(tmp_path: Path) -> None:
    log, _ = opened(tmp_path)
    for seq in range(1, 101):
        log.take(taken(seq))
    log.cover(99)
    _, before = opened(tmp_path)
    size = (tmp_path / "held.log").stat().st_size
    log.rewrite(before)
    log.take(taken(101))
    _, again = opened(tmp_path)
    assert (again.next_seq, seqs(again)) == (102, [100, 101])
    assert (tmp_path / "held.log").stat().st_size < size / 3


@given(st.data())
def test_a_line_that_was_cut_short_is_cut_off_and_the_next_stands_in_its_place(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("log")
    log, _ = opened(folder)
    log.take(taken(1, 2))
    whole = (folder / "held.log").stat().st_size
    log.take(taken(3))
    cut = data.draw(st.integers(whole, (folder / "held.log").stat().st_size - 1))
    os.truncate(folder / "held.log", cut)
    log, again = opened(folder)
    assert (again.next_seq, seqs(again)) == (3, [1, 2])
    log.take(taken(3))
    assert seqs(opened(folder)[1]) == [1, 2, 3]


def test_a_spoilt_line_costs_itself_and_none_beside_it(tmp_path: Path) -> None:
    log, _ = opened(tmp_path)
    for seq in (1, 2, 3):
        log.take(taken(seq))
    lines = (tmp_path / "held.log").read_bytes().splitlines(keepends=True)
    lines[2] = lines[2].replace(b"97", b"98")
    (tmp_path / "held.log").write_bytes(b"".join(lines))
    assert seqs(opened(tmp_path)[1]) == [1, 3]


def test_a_log_whose_beginning_cannot_be_read_is_put_aside_and_a_new_epoch_begun(tmp_path: Path) -> None:
    (tmp_path / "held.log").write_bytes(b"nonsense\n")
    _, saved = opened(tmp_path)
    assert (tmp_path / "held.broken").read_bytes() == b"nonsense\n"
    assert seqs(saved) == []


def test_a_full_disk_costs_what_was_to_be_kept_and_nothing_before_it(tmp_path: Path) -> None:
    log, _ = opened(tmp_path)
    log.take(taken(1))
    limited = _LimitedFiles((tmp_path / "held.log").stat().st_size + 20)
    with limited, pytest.raises(DiskFullError):
        log.take(taken(2))
    log.take(taken(2))
    assert seqs(opened(tmp_path)[1]) == [1, 2]


class _LimitedFiles:
    """The kernel's own limit of a file's size: the write that reaches it is cut short, the next fails."""

    def __init__(self, size: int) -> None:
        self._size = size

    def __enter__(self) -> None:
        self._ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        self._before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (self._size, self._before[1]))

    def __exit__(self, *_: object) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, self._before)
        signal.signal(signal.SIGXFSZ, self._ignored)


def test_after_a_sync_that_failed_nothing_is_kept_until_it_was_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, _ = opened(tmp_path)

    def broken(_: int) -> None:
        raise OSError(errno.EIO, "the disk is broken")

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(OSError, match="broken"):
        log.take(taken(1))
    monkeypatch.undo()
    with pytest.raises(OSError, match="read first"):
        log.take(taken(1))
    assert seqs(log.read()) == []
    log.take(taken(1))
    assert seqs(opened(tmp_path)[1]) == [1]


def test_one_that_was_let_go_alone_is_not_held_when_the_log_is_read_again(tmp_path: Path) -> None:
    log = HeldLog(tmp_path / "held.log")
    log.read()
    log.take([Taken(seq, msgspec.Raw(b"[]")) for seq in (1, 2, 3)])
    log.let_go(2)
    log.close()
    assert list(HeldLog(tmp_path / "held.log").read().held) == [1, 3]
