import io
import subprocess
import sys
import zipfile
from pathlib import Path

import pipeline
from pipeline import files
from pipeline.emr.staging import config_uri, read_code, stage_code, stage_config

PACKAGE = Path(pipeline.__file__).parent
JOBS = PACKAGE.parent / "jobs"


def test_code_is_staged_once_under_a_name_that_says_what_is_in_it(tmp_path: Path) -> None:
    package = tmp_path / "pipeline"
    (package / "__pycache__").mkdir(parents=True)
    (package / "__init__.py").write_text("x = 1\n")
    (package / "__pycache__" / "x.pyc").write_text("passed over")
    jobs = tmp_path / "jobs"
    jobs.mkdir()
    (jobs / "boost.py").write_text("1\n")
    base = str(tmp_path / "base")
    code, entry_points = stage_code(package, jobs, base)
    assert stage_code(package, jobs, base) == (code, entry_points)
    with zipfile.ZipFile(io.BytesIO(files.read_bytes(code))) as archive:
        assert archive.namelist() == ["pipeline/__init__.py"]
    assert files.children(entry_points) == ["boost.py", "pipeline.zip"]
    (package / "__init__.py").write_text("x = 2\n")
    assert stage_code(package, jobs, base)[0] != code


def test_the_package_works_from_its_zip(tmp_path: Path) -> None:
    code, _ = stage_code(PACKAGE, JOBS, str(tmp_path))
    script = (
        f"import sys; sys.path.insert(0, {code!r}); import pipeline; "
        f"assert pipeline.__file__.startswith({code!r}), pipeline.__file__; "
        "from pipeline.report import build, plots; from pipeline.cli import jobs, trainers"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=120, cwd=tmp_path)


def test_a_config_is_staged_as_it_is(tmp_path: Path) -> None:
    own = tmp_path / "mine.yaml"
    own.write_text("name: ${env:SECRET}\n")
    uri = stage_config(str(own), str(tmp_path / "base"))
    assert files.read_bytes(uri) == b"name: ${env:SECRET}\n"
    assert uri.rpartition("/")[2].startswith("mine-")
    own.write_text("name: other\n")
    assert stage_config(str(own), str(tmp_path / "base")) != uri


def test_where_something_will_be_put_is_known_before(tmp_path: Path) -> None:
    base = str(tmp_path / "base")
    (tmp_path / "mine.yaml").write_text("name: x\n")
    (tmp_path / "boost.py").write_text("1\n")
    code = read_code(PACKAGE / "errors", tmp_path)
    uris, config = code.uris(base), config_uri(str(tmp_path / "mine.yaml"), base)
    assert not (tmp_path / "base").exists()
    assert code.put(base) == uris
    assert stage_config(str(tmp_path / "mine.yaml"), base) == config
