"""Boosted trees against XGBoost without Spark, xgboost.spark and Spark MLlib.

The training rows of conf/flights.yaml (its columns, its split, its seed), depth 6, eta 0.1, two
cores. A process each keeps a cluster with a session, or the rows for native training, all through
the run; they are asked in turn, after a warm-up. Kept are wall seconds, CPU seconds of all
processes of the one that is asked (cluster included), and what the machine did for others
meanwhile: a repeat under foreign load is discarded and done again. Figures are the least of the
repeats, and the greatest beside it.

native, 1 thread and 2 threads
    `xgb.train` on a QuantileDMatrix of the rows in the table's own order (by time), categories as
    categories, our params, nothing watched: binning and the loop of rounds apart.
bare rabit, 2 x 1
    The same in two processes of one thread that have every other row each and talk by XGBoost's
    collective; the loop alone.
rabit apart
    These two processes at the same time, each with a booster of its own: the same work without a
    word between them. What bare rabit takes longer is the share of allreduce, waiting included.
ours, 1 x 2 and 2 x 1
    `BoostingClassifier.fit` on the cached table: the whole fit, and the loop of rounds as rank 0
    has it (`metrics["loop_seconds"]`). One Worker of two cores, or two of one core. Besides,
    one by two without checkpoints, and with `subsample=0.5`, with and without checkpoints.
xgboost.spark
    `SparkXGBClassifier.fit` on the same rows, columns, and categories, which are coded beforehand,
    in a cached table of as many partitions: with two workers of a thread, and with one of two.
mllib
    `GBTClassifier` with a tenth of the rounds, times ten; categories indexed, columns assembled and
    cached beforehand.

Then ours and native with the rows 4 and 16 times (`--scale`): copies whose weather (the columns of
fractional numbers) is changed by a thousandth.

With `--memory` instead: a shard of 2 GB and 200 columns, trained by one worker that may have
512 MB of private memory (`RLIMIT_DATA`), bins on disk; and what rows and values take.
"""
