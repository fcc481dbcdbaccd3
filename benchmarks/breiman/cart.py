"""CART as in the papers: scikit-learn's trees, and cost-complexity pruning as the 1984 book has it.

scikit-learn prunes by the Gini impurity and refits a tree for every alpha; CART prunes by the rows
that a tree gets wrong, and chooses among the subtrees by rows held out. Here the whole sequence of
subtrees comes from one fitted tree, with the error of each on such rows.

References
----------
L. Breiman, J. Friedman, R. Olshen, C. Stone, "Classification and Regression Trees" (1984): weakest
links, cross-validation over the geometric means of neighbouring alphas.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

Values = npt.NDArray[Any]
FOLDS = 10
NEVER = np.iinfo(np.int64).max


def grown(
    features: Values, labels: Values, weights: Values | None, classes: int, seed: int
) -> Cart:
    """A tree grown until its leaves are pure (classes: Gini; 0 classes: squared error)."""
    kind = DecisionTreeClassifier if classes else DecisionTreeRegressor
    tree = kind(random_state=seed).fit(features, labels, sample_weight=weights)
    return Cart(tree, classes)


class Cart:
    """A fitted tree, node by node; a node's descendants are those that follow it, up to `ends`."""

    def __init__(self, fitted: Any, classes: int) -> None:
        self.classes = classes
        self._tree = fitted.tree_
        self._left = self._tree.children_left
        self.ends = _ends(self._left, self._tree.children_right)
        value = self._tree.value[:, 0, :]
        self._values = fitted.classes_[value.argmax(axis=1)] if classes else value[:, 0]
        share = self._tree.weighted_n_node_samples / self._tree.weighted_n_node_samples[0]
        wrong = 1 - value.max(axis=1) if classes else self._tree.impurity
        self._own_risks = share * wrong

    def predict(self, features: Values, owners: Values | None = None) -> Values:
        """A class or a value for each row, by the whole tree or by a subtree."""
        leaves = self._tree.apply(features)
        return np.asarray(self._values[leaves if owners is None else owners[leaves]])

    def pruned_by(self, features: Values, labels: Values) -> Values:
        """The subtree with the lowest error on these rows; of equals the smallest."""
        sequence = self.sequence(features, labels)
        return self.owners(sequence.steps[_last_minimum(sequence.errors)])

    def owners(self, step: int) -> Values:
        """For each node, the leaf of a subtree that holds it."""
        owners = np.arange(len(self.ends))
        for node in np.flatnonzero(self._cut_at <= step):
            if owners[node] == node:
                owners[node : self.ends[node]] = node
        return owners

    def sequence(self, features: Values, labels: Values) -> Sequence:
        """Cut the weakest link again and again, down to the root."""
        held = self._held_errors(features, labels)
        risks, errors, leaves = (self._over_leaves(of) for of in (self._own_risks, held, None))
        self._cut_at = np.full(len(self.ends), NEVER)
        parents = _parents(self._left, self._tree.children_right)
        links = [
            (own - below) / (under - 1) if under > 1 else np.inf
            for own, below, under in zip(self._own_risks, risks, leaves, strict=True)
        ]
        subtrees = [(0, 0.0, errors[0])]
        step = 0
        while leaves[0] > 1:
            weakest = min(links)
            node = links.index(weakest)
            step += 1
            self._cut_at[node] = step
            gained = (self._own_risks[node] - risks[node], held[node] - errors[node])
            lost = leaves[node] - 1
            links[node : self.ends[node]] = [np.inf] * (self.ends[node] - node)
            while node >= 0:
                risks[node] += gained[0]
                errors[node] += gained[1]
                leaves[node] -= lost
                if leaves[node] > 1:
                    links[node] = (self._own_risks[node] - risks[node]) / (leaves[node] - 1)
                node = parents[node]
            alpha = max(weakest, subtrees[-1][1])
            if alpha <= subtrees[-1][1] + 1e-12:
                subtrees.pop()  # CART cuts equally weak links at once
            subtrees.append((step, alpha, errors[0]))
        return Sequence(*(np.array(column) for column in zip(*subtrees, strict=True)))

    def _held_errors(self, features: Values, labels: Values) -> list[float]:
        """For each node, the error that these rows would have, were it a leaf."""
        leaves = self._tree.apply(features)
        size = len(self.ends)
        if self.classes:
            counts = np.zeros((size, self.classes))
            np.add.at(counts, (leaves, labels.astype(int)), 1)
            below = self._under(counts)
            right = below[np.arange(size), self._values.astype(int)]
            return list((below.sum(axis=1) - right).tolist())
        targets = labels.astype(np.float64)
        powers = np.stack([np.bincount(leaves, targets**n, size) for n in range(3)], axis=1)
        rows, sums, squares = self._under(powers).T
        return list((squares - 2 * self._values * sums + rows * self._values**2).tolist())

    def _over_leaves(self, quantity: Any) -> list[Any]:
        """A quantity's sum over the leaves below each node; the number of leaves for None."""
        is_leaf = self._left < 0
        if quantity is None:
            return list(self._under(is_leaf.astype(int)).tolist())
        return list(self._under(np.where(is_leaf, quantity, 0.0)).tolist())

    def _under(self, quantity: Values) -> Values:
        """Sums over a node and all below it."""
        sums = np.cumsum(quantity, axis=0)
        before = np.concatenate([np.zeros_like(sums[:1]), sums[:-1]])
        return np.asarray(sums[self.ends - 1] - before)


@dataclass(frozen=True)
class Sequence:
    """The subtrees of a tree, from the whole to the root: alphas, errors on rows held out."""

    steps: Values
    alphas: Values
    errors: Values

    def errors_at(self, alphas: Values) -> Values:
        """The errors of the subtrees that are best at these alphas."""
        return np.asarray(self.errors[np.searchsorted(self.alphas, alphas, side="right") - 1])


def cross_validated(
    features: Values, labels: Values, classes: int, seed: int
) -> tuple[Cart, Values]:
    """A tree of all rows, and the subtree of it that 10-fold cross-validation chooses."""
    tree = grown(features, labels, None, classes, seed)
    sequence = tree.sequence(features, labels)
    middles = np.sqrt(sequence.alphas * np.append(sequence.alphas[1:], np.inf))
    folds = np.random.default_rng([1984, seed]).permutation(len(labels)) % FOLDS
    errors = np.zeros(len(middles))
    for fold in range(FOLDS):
        kept, held = folds != fold, folds == fold
        part = grown(features[kept], labels[kept], None, classes, seed)
        errors += part.sequence(features[held], labels[held]).errors_at(middles)
    return tree, tree.owners(sequence.steps[_last_minimum(errors)])


def _last_minimum(errors: Values) -> int:
    tolerance = 1e-9 * max(abs(float(errors.min())), 1e-9)
    return int(np.flatnonzero(errors <= errors.min() + tolerance)[-1])


def _ends(left: Values, right: Values) -> Values:
    """Where the nodes below each node end; scikit-learn numbers nodes in depth-first order."""
    ends = np.arange(1, len(left) + 1)
    for node in range(len(left) - 1, -1, -1):
        if left[node] >= 0:
            ends[node] = ends[right[node]]
    return ends


def _parents(left: Values, right: Values) -> list[int]:
    parents = np.full(len(left), -1)
    inner = np.flatnonzero(left >= 0)
    parents[left[inner]] = inner
    parents[right[inner]] = inner
    return list(parents.tolist())
