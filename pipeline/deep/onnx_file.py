"""A trained network as an ONNX file, for runtimes that know no MXNet.

Needs the package onnx, which is no part of the installation otherwise. MXNet and onnx are imported
when a file is made.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

from pipeline.deep.inputs import InputLayout
from pipeline.deep.network_file import SYMBOL, WEIGHTS, input_names
from pipeline.deep.objectives import Regression
from pipeline.deep.padded import Padded
from pipeline.errors import UserError
from pipeline.files.local_directory import spool_directory

# What MXNet's exporter writes, whatever onnx is installed; and the file version of its time.
_OPSET, _FILE_VERSION = 13, 8
_NUMBERS, _CODES = "numbers", "codes"
_SOME = 2
RAW, PROBABILITY, PREDICTION = "rawPrediction", "probability", "prediction"


_Shape: TypeAlias = Mapping[str, int]


def to_onnx(
    natives: Mapping[str, bytes],
    layout: InputLayout,
    target: Regression | None,
    facts: Mapping[str, str],
    padded: Padded | None = None,
) -> bytes:
    """The content of an ONNX file.

    Parameters
    ----------
    natives : mapping of str to bytes
        A network's files.
    layout : InputLayout
        The columns it was trained on.
    target : Regression or None
        How outputs become values; None: they are scores of classes.
    facts : mapping of str to str
        What the file says of itself.
    padded : Padded, optional
        How rows are padded, where they are.

    Returns
    -------
    bytes
        A model with the inputs `numbers` (NaN where missing) and `codes` (from 1; 0 where missing
        or unseen), both float32 with a row for each row, or one of them; and the outputs
        `rawPrediction` and `probability`, or `prediction`. Of padded rows `numbers` has the shape
        (rows, windows, steps), any of each.

    Raises
    ------
    UserError
        When onnx is not installed, or the network has an operator that cannot be told in ONNX.
    """
    try:
        import onnx
    except ImportError as error:
        raise UserError("writing ONNX needs the package onnx: pip install onnx==1.17.0") from error
    symbol, params = _opened(natives)
    whole = _with_ends(symbol, target)
    known = dict(zip(input_names(layout), layout.given(_NUMBERS, _CODES), strict=True))
    names = {name: known[name] for name in whole.list_inputs() if name in known}
    graph = _graph(whole, params, [_shape(layout, name, padded) for name in names.values()])
    _rename(graph, names)
    model = onnx.helper.make_model(
        graph,
        producer_name="emr-ensembles",
        ir_version=_FILE_VERSION,
        opset_imports=[onnx.helper.make_opsetid("", _OPSET)],
    )
    onnx.helper.set_model_props(model, dict(facts))
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def _opened(natives: Mapping[str, bytes]) -> tuple[Any, dict[str, Any]]:
    import mxnet as mx

    symbol = mx.sym.load_json(natives[SYMBOL].decode())
    with tempfile.TemporaryDirectory(dir=spool_directory()) as name:
        (Path(name) / WEIGHTS).write_bytes(natives[WEIGHTS])
        found = mx.nd.load(str(Path(name) / WEIGHTS))
    return symbol, {name.partition(":")[2]: value for name, value in found.items()}


def _with_ends(symbol: Any, target: Regression | None) -> Any:
    """The network, with outputs that need no further arithmetic."""
    import mxnet as mx

    if target is not None:
        value = mx.sym.reshape(symbol, shape=(-1,)) * target.scale + target.mean
        return mx.sym.identity(value, name=PREDICTION)
    raw = mx.sym.identity(symbol, name=RAW)
    return mx.sym.Group([raw, mx.sym.softmax(symbol, axis=-1, name=PROBABILITY)])


def _shape(layout: InputLayout, name: str, padded: Padded | None) -> _Shape:
    """Of an input: each axis by its name, where it is of any size, and a size to try."""
    if name == _NUMBERS and padded is not None:
        return {"rows": _SOME, "windows": _SOME, "steps": _SOME}
    return {"rows": _SOME, "": len(layout.numeric if name == _NUMBERS else layout.categorical)}


def _graph(symbol: Any, params: Mapping[str, Any], shapes: list[_Shape]) -> Any:
    import onnx
    from mxnet.onnx.mx2onnx._export_onnx import MXNetGraph

    _register(MXNetGraph)
    kinds = [onnx.TensorProto.FLOAT] * len(shapes)
    try:
        with _unchecked(onnx.checker):
            return MXNetGraph().create_onnx_graph_proto(
                symbol,
                dict(params),
                [tuple(shape.values()) for shape in shapes],
                kinds,
                opset_version=_OPSET,
                dynamic=True,
                dynamic_input_shapes=[
                    tuple(name or size for name, size in shape.items()) for shape in shapes
                ],
            )
    except (AttributeError, NotImplementedError) as error:
        # MXNet's way to say that it has no translation of an operator.
        raise UserError(f"the network cannot be written as ONNX: {error}") from error


@contextmanager
def _unchecked(checker: Any) -> Iterator[None]:
    """MXNet checks its graph as one of the newest opset, which it is not; the model is checked."""
    check = checker.check_graph
    checker.check_graph = lambda *_given, **_named: None
    try:
        yield
    finally:
        checker.check_graph = check


def _register(graph: Any) -> None:
    """Operators of our networks that MXNet's exporter has no translation for."""
    from onnx.helper import make_node

    known = graph.registry_.get(_OPSET, {})
    if "_equal" in known:
        return

    def given(node: Mapping[str, Any], kwargs: Mapping[str, Any]) -> tuple[str, list[str]]:
        lookup = kwargs["outputs_lookup"]
        return node["name"], [lookup[at[0]][at[1]].name for at in node["inputs"]]

    @graph.register("_equal", _OPSET)  # type: ignore[untyped-decorator]
    def equal(node: Any, **kwargs: Any) -> list[Any]:
        name, inputs = given(node, kwargs)
        return [
            make_node("Equal", inputs, [f"{name}_bool"]),
            make_node("Cast", [f"{name}_bool"], [name], name=name, to=1),
        ]

    @graph.register("where", _OPSET)  # type: ignore[untyped-decorator]
    def where(node: Any, **kwargs: Any) -> list[Any]:
        name, inputs = given(node, kwargs)
        return [
            make_node("Cast", inputs[:1], [f"{name}_bool"], to=9),
            make_node("Where", [f"{name}_bool", *inputs[1:]], [name], name=name),
        ]

    @graph.register("erf", _OPSET)  # type: ignore[untyped-decorator]
    def erf(node: Any, **kwargs: Any) -> list[Any]:
        name, inputs = given(node, kwargs)
        return [make_node("Erf", inputs, [name], name=name)]


def _rename(graph: Any, names: Mapping[str, str]) -> None:
    """Give inputs other names."""
    for value in graph.input:
        value.name = names.get(value.name, value.name)
    for node in graph.node:
        for place, name in enumerate(node.input):
            node.input[place] = names.get(name, name)
