"""MiniLM on texts: against transformers with PyTorch, against bare Horovod, and with its base kept.

All train a new head of two classes on all-MiniLM-L6-v2 (where that cannot be downloaded: random
weights of the same shape), on texts of 64 tokens, 16 a batch on each worker. Two cores; every
process is pinned to its own, and all live through a comparison, asked in turn. A repeat under
foreign load is done again. Ratios are those of a repeat's neighbours, so that what slows down the
machine for minutes slows down both; their median counts.

passes, one thread and two, dropout 0.1 and 0
    Forward and backward, no step of the optimiser: ours as `pipeline.deep` builds it, transformers
    with PyTorch's fused attention (sdpa) and with the plain one (eager), of which the faster
    counts. Median of the passes of a repeat. PyTorch and transformers live in .venv-transformers,
    made on first use; where that fails they are skipped, and --check fails.
two workers
    `TextClassifier` (fine_tune) in a gang of two Workers of one core, against two processes that
    Horovod joins: the same network, rows, batches and optimiser, Gluon's loop and
    `DistributedTrainer`. Best epoch but the first of a repeat, in rows a second.
frozen base
    Epochs of `TextClassifier` (frozen), which computes the base's features once and keeps them,
    against those of a gang whose base runs again in each.
"""
