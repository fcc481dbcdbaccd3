"""Bagged trees against scikit-learn, Spark MLlib, and the same trees without Spark.

The training rows of conf/flights.yaml (its columns, its split, its seed), trees of depth 10 on all
columns, a standalone cluster of one Worker of two cores; everybody gets two cores. In one run, in
turn, after a warm-up of two trees each:

ours
    `BaggingClassifier.fit` on the cached table: wall seconds, model in hand, out-of-bag error
    included.
start-up
    The same fit with one tree.
ideal
    Native XGBoost trees on rows binned beforehand, one thread, bootstrap weights drawn beforehand:
    the median time of a tree, times the trees, over two cores.
scikit-learn
    `BaggingClassifier` of `DecisionTreeClassifier`, two jobs, on the encoded matrix: categories as
    codes, missing as NaN.
mllib
    `RandomForestClassifier` with all features at each split, on an assembled and cached table;
    missing numbers lie below all others, missing categories are a category.

With `--curve` instead: ours with 10, 100 and 1,000 trees, and the largest anonymous memory of a
Python worker process meanwhile.
"""
