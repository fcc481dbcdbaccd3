from __future__ import annotations

import contextlib
import io
import pickle
import tempfile
import tracemalloc
from pathlib import Path

import pytest

from pipeline.errors import ModelError
from pipeline.transfer.checkpoints.torch_pickle import TensorPlace, unpickled
from tests.transfer.checkpoints.hostile import Touch, tensor


def read(content: bytes) -> object:
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "pytorch_model.bin"
        path.write_bytes(content)
        return unpickled(path, io.BytesIO(content))


def test_a_tensor_is_a_place_in_a_storage() -> None:
    found = read(tensor())
    assert isinstance(found, dict)
    assert found["a"] == TensorPlace(("0", "float32", 4), 0, (4,), (1,))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_what_a_pickle_asks_to_run_is_not_run(tmp_path: Path, protocol: int) -> None:
    with pytest.raises(ModelError, match=r"pytorch_model.bin is refused: it asks to run \w+.mkdir"):
        read(pickle.dumps({"a": Touch(tmp_path / "made")}, protocol))
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    "name",
    [
        "builtins\neval",
        "builtins\ngetattr",
        "os\nsystem",
        "torch\nload",
        "torch.storage\n_load_from_bytes",
        "torch._utils\n_rebuild_tensor_v2.__globals__",
        "collections\nOrderedDict.__init__",
        "collections\nnamedtuple",
    ],
)
def test_names_that_no_checkpoint_needs_are_refused(name: str) -> None:
    with pytest.raises(ModelError, match="refused"):
        read(b"\x80\x02c" + name.encode() + b"\n.")


def test_a_storage_cannot_be_changed_after_it_was_looked_at() -> None:
    """Opcode BUILD writes into an object: here, more numbers than the file has."""
    state = b"}X\x06\x00\x00\x00lengthM\xff\xffsb"
    with pytest.raises(ModelError, match="damaged"):
        read(tensor(after=state))
    slots = b"N" + state[:-1] + b"\x86b"
    with pytest.raises(ModelError, match="damaged"):
        read(tensor(after=slots))


@pytest.mark.parametrize(
    "content",
    [
        tensor(shape=(5,)),
        tensor(shape=(2**40, 2**40)),
        tensor(shape=(-1,)),
        tensor(count=-4),
        tensor(count="4"),
        tensor(shape=(4.0,)),
        tensor(shape=(True,)),
        tensor(shape=(0, 2**70)),
        tensor(shape=(1,) * 40),
    ],
)
def test_a_tensor_outside_of_its_storage_is_refused(content: bytes) -> None:
    with pytest.raises(ModelError, match="damaged"):
        read(content)


@pytest.mark.parametrize(
    "content",
    [
        b"\x96" + (2**40).to_bytes(8, "little"),
        b"\x8e" + (2**40).to_bytes(8, "little"),
        b"B" + (2**32 - 1).to_bytes(4, "little"),
        b"K\x01r" + (2**31).to_bytes(4, "little"),
        b"\x95" + (2**40).to_bytes(8, "little"),
    ],
)
def test_a_few_bytes_cannot_take_much_memory(content: bytes) -> None:
    """Byte strings and frames of a terabyte, and a note with a large number."""
    tracemalloc.start()
    try:
        with pytest.raises(ModelError, match="damaged"):
            read(b"\x80\x05" + content)
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def test_a_pickle_that_ends_early_is_an_error_wherever_it_ends() -> None:
    whole = tensor()
    for end in range(len(whole)):
        with pytest.raises(ModelError):
            read(whole[:end])


def test_a_changed_byte_is_an_error_of_ours_or_no_error() -> None:
    """No other exception, and no crash, whatever stands there."""
    whole = tensor()
    for index in range(len(whole)):
        for value in (0, ord("R"), ord("b"), ord("Q"), ord("\x81"), 255):
            with contextlib.suppress(ModelError):
                read(whole[:index] + bytes([value]) + whole[index + 1 :])
