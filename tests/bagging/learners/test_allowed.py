"""Which estimators and which types may be loaded by name."""

from __future__ import annotations

import importlib
import json
import pickle
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
import skops.io
from sklearn.linear_model import LogisticRegression, SGDClassifier

from pipeline.bagging.learners.allowed import (
    KNOWN,
    TRUSTED_TYPES,
    load_class,
    new_estimator,
    nodes,
    require_kind,
    require_params,
    require_trusted,
)
from pipeline.errors import ModelError, UserError

LOGISTIC = "sklearn.linear_model.LogisticRegression"


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module of the user's; importing it leaves a file beside it."""
    path = tmp_path / "module_of_a_user.py"
    path.write_text(
        "from pathlib import Path\n"
        "from sklearn.base import BaseEstimator, ClassifierMixin\n"
        "Path(__file__).with_name('imported').touch()\n"
        "class Mine(ClassifierMixin, BaseEstimator):\n"
        "    def __init__(self, depth):\n"
        "        self.depth = depth\n"
        "    def fit(self, X, y): return self\n"
        "    def predict(self, X): return X[:, 0]\n"
        "class NoEstimator:\n"
        "    pass\n"
        "def function(): pass\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, path.stem, raising=False)
    return path


def test_every_known_path_is_an_estimator_of_its_kind() -> None:
    for path in KNOWN:
        found = load_class(path, ())
        assert f"{found.__module__}.".startswith("sklearn.")
        is_regression = path.endswith(("Regressor", "SVR", "Ridge", "Lasso", "ElasticNet")) or (
            path.rpartition(".")[2] in ("LinearRegression",)
        )
        new_estimator(path, {}, is_regression=is_regression, allowed=())


def test_every_trusted_type_exists() -> None:
    for path in TRUSTED_TYPES:
        name, _, kind = path.rpartition(".")
        assert isinstance(getattr(importlib.import_module(name), kind), type), path


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("sklearn.linear_model.LogisticRegresion", f"did you mean {LOGISTIC}?"),
        ("sklearn.linear.LogisticRegression", f"did you mean {LOGISTIC}?"),
        ("LogisticRegression", "package.module.Class"),
        ("module_of_a_user.Mine", "add module_of_a_user.Mine to bagging.learners_allowed"),
        ("os.system", "bagging.learners_allowed"),
        ("", "package.module.Class"),
    ],
)
def test_a_path_that_is_not_allowed_is_refused(path: str, hint: str) -> None:
    with pytest.raises(UserError) as raised:
        load_class(path, ())
    assert hint in str(raised.value)
    assert raised.value.exit_code == 2


def test_what_is_not_allowed_is_not_imported(module: Path) -> None:
    with pytest.raises(UserError):
        load_class("module_of_a_user.Mine", ("module_of_a_user.NoEstimator", "module_of_a_user"))
    assert not module.with_name("imported").exists()
    assert load_class("module_of_a_user.Mine", ("module_of_a_user.Mine",)).__name__ == "Mine"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("no_such_package.Thing", "module no_such_package cannot be imported: No module named"),
        ("sklearn.linear_model.NoSuch", "there is no NoSuch in module sklearn.linear_model"),
        ("module_of_a_user.NoEstimator", "it is no scikit-learn estimator"),
        ("module_of_a_user.function", "it is no scikit-learn estimator"),
    ],
)
@pytest.mark.usefixtures("module")
def test_an_allowed_path_must_lead_to_an_estimator(path: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        load_class(path, (path,))


@pytest.mark.usefixtures("module")
def test_a_module_that_fails_on_import_is_the_users_error(module: Path) -> None:
    module.write_text("1 / 0")
    with pytest.raises(UserError, match="cannot be imported: division by zero"):
        load_class("module_of_a_user.Mine", ("module_of_a_user.Mine",))


def test_params_are_those_of_the_constructor() -> None:
    require_params(LogisticRegression, {"C": 1.0, "max_iter": 10})
    with pytest.raises(UserError) as raised:
        require_params(LogisticRegression, {"max_iters": 10, "C": 1, "zzz": 1, "random_state": 3})
    lines = str(raised.value).splitlines()
    assert len(lines) == 3
    assert "unknown param max_iters; did you mean max_iter?" in lines[0]
    assert "unknown param zzz; known: C, class_weight, " in lines[1]
    assert "leave out random_state; it comes from the job's seed" in lines[2]


def test_values_of_params_are_judged_without_rows() -> None:
    with pytest.raises(UserError, match="The 'C' parameter of LogisticRegression must be"):
        new_estimator(LOGISTIC, {"C": -1}, is_regression=False, allowed=())


@pytest.mark.usefixtures("module")
def test_a_param_without_default_must_be_given() -> None:
    path = "module_of_a_user.Mine"
    with pytest.raises(UserError, match="missing 1 required positional argument: 'depth'"):
        new_estimator(path, {}, is_regression=False, allowed=(path,))
    made = new_estimator(path, {"depth": 2}, is_regression=False, allowed=(path,))
    require_kind(made, is_regression=False)
    require_kind(type(made), is_regression=False)


def test_classes_need_a_classifier_and_numbers_a_regressor() -> None:
    require_kind(LogisticRegression, is_regression=False)
    with pytest.raises(UserError, match="it is a classifier, and regression needs a regressor"):
        require_kind(LogisticRegression, is_regression=True)
    with pytest.raises(UserError, match="it is a regressor, and classification needs a"):
        require_kind(load_class("sklearn.linear_model.Ridge", ()), is_regression=False)


def test_importing_the_names_loads_neither_scikit_learn_nor_skops() -> None:
    code = (
        "import sys, pipeline.bagging.learners.allowed as a; "
        "sys.exit(any(m.split('.')[0] in ('sklearn', 'skops') for m in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# --- files ----------------------------------------------------------------------------------------


class Touches:
    """Touches a file as soon as pickle makes one."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (Path(self.path),)


def file_of(schema: Any, compression: int = 0) -> bytes:
    data = BytesIO()
    with ZipFile(data, "w", compression) as file:
        file.writestr("schema.json", json.dumps(schema))
    return data.getvalue()


def schema_of(value: Any) -> dict[str, Any]:
    """The schema of a value, without identities, as a replica's file has it."""
    with ZipFile(BytesIO(skops.io.dumps(value))) as file:
        found: dict[str, Any] = json.loads(file.read("schema.json"))
    for each in nodes(found):
        each.pop("__id__", None)
    return found


def node(loader: str, path: str, **more: Any) -> dict[str, Any]:
    module, _, name = path.rpartition(".")
    return {"__loader__": loader, "__module__": module, "__class__": name, **more}


TEXT = node("JsonNode", "builtins.str", content='"x"')


def test_a_file_of_a_known_estimator_may_be_opened() -> None:
    assert require_trusted(file_of(schema_of({"a": SGDClassifier(), 1: [2.0, None]})), ()) == []


def test_a_type_that_nobody_allowed_is_named() -> None:
    data = file_of(schema_of({"estimator": Touches("nowhere")}))
    name = f"{__name__}.Touches"
    with pytest.raises(ModelError) as raised:
        require_trusted(data, ())
    assert name in str(raised.value)
    assert "bagging.learners_allowed" in str(raised.value)
    assert require_trusted(data, (name,)) == [name]


def test_a_pickle_is_refused_and_does_nothing(tmp_path: Path) -> None:
    touched = tmp_path / "touched"
    with pytest.raises(ModelError, match="damaged, or not from skops"):
        require_trusted(pickle.dumps(Touches(str(touched))), ())
    assert not touched.exists()


@pytest.mark.parametrize(
    "inner",
    [
        # CVE-2025-54413 and CVE-2025-54412: judged by another name than the one that is used.
        node(
            "MethodNode",
            "sklearn.neighbors._kd_tree.KDTree",
            content={"obj": TEXT, "func": "__class__"},
        ),
        node("OperatorFuncNode", "sklearn.neighbors._kd_tree.KDTree", attrs=TEXT),
        node("PartialNode", "functools.partial", content={}),
        node("RandomGeneratorNode", "numpy.random._generator.Generator", content={}),
        node("ListNode", "module_of_a_user.Mine", content=[TEXT]),
        node("LossNode", "module_of_a_user.Mine", content=TEXT, __reduce__={"args": TEXT}),
        node("NoSuchNode", "builtins.str"),
        # skops calls the type of a key with the key.
        node(
            "DictNode",
            "builtins.dict",
            content={"x": TEXT},
            key_types=node(
                "ListNode", "builtins.list", content=[node("FunctionNode", "numpy.sin")]
            ),
        ),
        node(
            "DictNode",
            "builtins.dict",
            content={"x": TEXT},
            key_types=node(
                "ListNode", "builtins.list", content=[node("TypeNode", "builtins.str")], __id__=5
            ),
        ),
    ],
    ids=lambda inner: inner["__loader__"],
)
def test_nodes_that_could_run_something_are_refused_whatever_is_allowed(
    inner: dict[str, Any], module: Path
) -> None:
    schema = schema_of([1])
    schema["content"] = [inner]
    allowed = ("module_of_a_user.Mine", "numpy.sin", "functools.partial")
    with pytest.raises(ModelError, match=r"has no place in it|of a key|a key is"):
        require_trusted(file_of(schema), allowed)
    assert not module.with_name("imported").exists()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PK\x05\x06" + bytes(18),
        skops.io.dumps([1])[:-30],
        file_of([]),
        file_of({}),
        file_of({"protocol": 2}),
        file_of({"protocol": 1, **TEXT}),
        file_of({**schema_of([1]), "content": [{"__id__": 3}]}),
        file_of(schema_of([1]), ZIP_DEFLATED),
        file_of(json.loads("[" * 500 + "]" * 500)),
    ],
)
def test_a_damaged_file_is_a_model_error(data: bytes) -> None:
    with pytest.raises(ModelError, match="damaged, or not from skops"):
        require_trusted(data, ())
