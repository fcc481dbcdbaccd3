"""Our network as `pipeline.deep` builds it, without Spark. Imports MXNet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mxnet as mx
import numpy as np

from benchmarks.transfer.workload import CLASSES, LENGTH
from pipeline.data.encoding import FeatureSchema
from pipeline.deep.building import build
from pipeline.deep.inputs import InputLayout
from pipeline.deep.params import NetworkParams
from pipeline.transfer.checkpoint_place import find_checkpoint
from pipeline.transfer.text_options import NETWORK, TextOptions


def options_of(where: Path, trains: Any = "all") -> TextOptions:
    """Those of texts of one window, on a checkpoint."""
    place = find_checkpoint(str(where))
    return TextOptions(
        checkpoint=place.uri,
        digest=place.digest,
        names=list(place.names),
        config=place.config,
        max_length=LENGTH,
        windows=1,
        pooling="mean",
        trains=trains,
    )


def text_network(where: Path, dropout: float) -> Any:
    """With the checkpoint's weights; called with what `tokens` gives."""
    params = NetworkParams().setParams(
        network=NETWORK, network_options=options_of(where).to_json(), dropout=dropout
    )
    layout = InputLayout.of(FeatureSchema(vector="tokens", size=LENGTH))
    unused = np.zeros(LENGTH, np.float32)
    net = build(params.recipe(), layout, (unused, unused), CLASSES, mx.cpu())
    net(tokens(np.ones((1, LENGTH), np.int64)))
    net.begin()
    return net


def tokens(ids: np.ndarray) -> Any:
    """As `pipeline.transfer.token_rows` has them, of one window and type 0."""
    return mx.nd.array(2.0 * ids[:, None, :], dtype=np.float32)
