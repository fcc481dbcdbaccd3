"""Networks trained by Spark against plain MXNet and bare Horovod: samples a second.

A network 24-256-128-64-1 (relu, no normalisation, Adam, squared error) on rows that are drawn, so
many for each worker, at several batch sizes per worker. Two cores; every process is pinned to its
own. A process each keeps a cluster with a session, or the rows for plain training, all through the
run; they are asked in turn. Kept are the seconds of each epoch but the first of a repeat: order of
rows, batches, forward, backward, exchange, step. A repeat under foreign load is done again.

plain MXNet, one core and both cores
    Gluon's Trainer in one process, rows as a NumPy array, losses summed up on the device.
bare Horovod, 2 x 1
    Two such processes with `DistributedTrainer`: the limit for two workers.
apart, 2 x 1
    The same two processes without a word between them. What bare Horovod takes longer is taken
    apart: joined but silent (Horovod's thread on the same core), fed with one batch again and
    again, and steps in which nothing overlaps (allreduce, waiting for the slower rank).
bare, ...
    Bare Horovod with what may make it faster: `benchmarks.deep.ways`.
feeding
    Batches of a mapped shard as ours has them, and nothing else, on one core.
ours, 2 x 1 and 1 x 2
    `DeepRegressor.fit`; epochs as rank 0 has them in the model's history. Two Workers of one core,
    or one of both.
TorchDistributor, 2 x 1
    The same network in PyTorch, under pyspark's own launcher, with Gloo. PyTorch's environment
    (.venv-torch, of requirements/torch.lock) is made on first use; where that fails, this is
    skipped, and --check fails.
"""
