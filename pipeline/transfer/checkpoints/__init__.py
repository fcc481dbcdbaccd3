"""Checkpoints of the Hugging Face model zoo: read without PyTorch and without MXNet."""

from __future__ import annotations

from pipeline.transfer.checkpoints.checkpoint import Checkpoint, read, read_config
from pipeline.transfer.checkpoints.configuration import EncoderConfig

__all__ = ["Checkpoint", "EncoderConfig", "read", "read_config"]
