"""Losses that Gluon has not."""

from __future__ import annotations

from typing import Any

from mxnet.gluon import HybridBlock


class SmoothedCrossEntropy(HybridBlock):  # type: ignore[misc]
    """Cross-entropy against targets of which a share is spread over all classes.

    Parameters
    ----------
    smoothing : float
        That share.

    References
    ----------
    C. Szegedy et al., "Rethinking the Inception architecture", CVPR 2016, section 7.
    """

    def __init__(self, smoothing: float) -> None:
        super().__init__()
        self._smoothing = smoothing

    def hybrid_forward(
        self,
        F: Any,  # noqa: N803 - MXNet's name
        scores: Any,
        labels: Any,
        weights: Any = None,
    ) -> Any:
        """A loss for each row, shape (rows,), times weights of shape (rows, 1) where given."""
        logs = F.log_softmax(scores, axis=-1)
        own = F.pick(logs, labels, axis=-1, keepdims=True)
        everywhere = F.mean(logs, axis=-1, keepdims=True)
        losses = -(1 - self._smoothing) * own - self._smoothing * everywhere
        if weights is not None:
            losses = F.broadcast_mul(losses, weights)
        return F.mean(losses, axis=0, exclude=True)
