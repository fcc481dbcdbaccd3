import subprocess
import sys

from pipeline.store.owner import is_gone, is_owner, owner


def test_this_process_is_not_gone() -> None:
    assert is_owner(owner())
    assert not is_gone(owner())


def test_a_process_that_ended_is_gone_also_before_its_parent_looks() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        import psutil

        started = psutil.Process(process.pid).create_time()
        record = {**owner(), "pid": process.pid, "started": started}
        assert not is_gone(record)
        process.kill()
        psutil.wait_procs([psutil.Process(process.pid)], timeout=0.1)
        assert is_gone(record)
    assert is_gone(record)


def test_another_process_of_the_same_number_is_not_the_owner() -> None:
    assert is_gone({**owner(), "pid": 1, "started": 5.0})


def test_of_another_host_only_time_tells() -> None:
    record = {**owner(), "host": "elsewhere", "pid": 2**22 - 1}
    assert not is_gone(record)
    assert not is_gone(record, foreign_lifetime_s=60)
    assert is_gone({**record, "written": record["written"] - 61}, foreign_lifetime_s=60)


def test_other_things_have_no_owner() -> None:
    assert not is_owner(None)
    assert not is_owner({"pid": 5})
