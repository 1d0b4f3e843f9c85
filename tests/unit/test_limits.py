"""What a process may use, as container, `ulimit` and machine say it."""

from pathlib import Path

from leadflow.runtime.limits import cpu_cores, memory_bytes

GIB = 1024**3


def test_the_container_limits_memory_and_processor(tmp_path: Path) -> None:
    """As control groups of version 2 tell it."""
    (tmp_path / "memory.max").write_text("1073741824\n")
    (tmp_path / "cpu.max").write_text("50000 100000\n")
    assert memory_bytes(tmp_path) == GIB
    assert cpu_cores(tmp_path) == 0.5


def test_older_control_groups_are_read_too(tmp_path: Path) -> None:
    """As control groups of version 1 tell it."""
    (tmp_path / "memory").mkdir()
    (tmp_path / "memory/memory.limit_in_bytes").write_text("1073741824\n")
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu/cpu.cfs_quota_us").write_text("25000\n")
    (tmp_path / "cpu/cpu.cfs_period_us").write_text("100000\n")
    assert memory_bytes(tmp_path) == GIB
    assert cpu_cores(tmp_path) == 0.25


def test_a_process_cannot_use_more_than_one_core(tmp_path: Path) -> None:
    """It works on one event loop, however many its container has."""
    (tmp_path / "cpu.max").write_text("400000 100000\n")
    assert cpu_cores(tmp_path) == 1


def test_without_a_container_the_machine_is_the_limit(tmp_path: Path) -> None:
    """`max` is no number, and a file that is not there says nothing."""
    (tmp_path / "memory.max").write_text("max\n")
    assert GIB / 4 < memory_bytes(tmp_path) < 2**60
    assert cpu_cores(tmp_path) == 1
