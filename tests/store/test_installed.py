import hashlib
from pathlib import Path

import pyspark

import pipeline
from pipeline.store.installed import installed, lock_hashes


def test_versions_are_those_that_run() -> None:
    found = installed()
    assert found["emr-ensembles"] == pipeline.__version__
    assert found["pyspark"] == pyspark.__version__
    assert found["python"].startswith("3.")


def test_a_lock_file_is_known_by_its_hash() -> None:
    lock = Path(pipeline.__file__).parent.parent / "requirements" / "base.lock"
    assert lock_hashes()["base.lock"] == hashlib.sha256(lock.read_bytes()).hexdigest()
