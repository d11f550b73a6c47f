"""Reasons for what trees decide: how much each feature added to a score, as one more output of the model.

    python Notebooks/tree_reasons.py credit.onnx calibration.csv credit-reasons.onnx

Every step down a tree changes the mean of what is still ahead; the change is the step's feature's (Saabas, 2014). What
all features add to a score, with the mean of all trees (printed, and in the model's metadata as "mean score"), is the
score. Leaves alone decide that, so it is a further map of them: encrypted, exact and secret as the scores are. Means are
of the samples given: one row each, in the order of the trees' features.

Only what a feature adds on the way that was taken is told. Shapley values ask what others would have added, too, which
leaves don't say.
"""

import sys

import numpy as np
import onnx
from onnx import helper

LEADS = {
    "BRANCH_LEQ": np.less_equal, "BRANCH_LT": np.less, "BRANCH_GTE": np.greater_equal, "BRANCH_GT": np.greater,
    "BRANCH_EQ": np.equal, "BRANCH_NEQ": np.not_equal}


class Trees:
    """The trees of a TreeEnsembleClassifier or TreeEnsembleRegressor with one score."""

    def __init__(self, node):
        self.attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        kind = "class" if node.op_type.endswith("Classifier") else "target"
        get = self.attributes.get
        if len(set(get(f"{kind}_ids"))) != 1:
            sys.exit("the trees have several scores; reasons are given for one")
        self.places = {key: i for i, key in enumerate(zip(get("nodes_treeids"), get("nodes_nodeids")))}
        self.modes = [mode.decode() for mode in get("nodes_modes")]
        self.missing = get("nodes_missing_value_tracks_true") or [0] * len(self.modes)
        self.worth = np.zeros(len(self.modes))
        for tree, leaf, weight in zip(get(f"{kind}_treeids"), get(f"{kind}_nodeids"), get(f"{kind}_weights")):
            self.worth[self.places[tree, leaf]] += weight

    def children(self, i):
        tree = self.attributes["nodes_treeids"][i]
        return [self.places[tree, self.attributes[f"nodes_{side}nodeids"][i]] for side in ("true", "false")]

    def reasons(self, samples):
        """Of each leaf, what each feature added; and the mean of all trees."""
        seen = set()
        roots = [i for i, tree in enumerate(self.attributes["nodes_treeids"]) if not (tree in seen or seen.add(tree))]
        reasons, mean = {}, 0.0
        for root in roots:
            counts, order, rows = {}, [], {root: np.arange(len(samples))}
            waiting = [root]
            while waiting:
                i = waiting.pop()
                order.append(i)
                counts[i] = len(rows[i])
                if self.modes[i] == "LEAF":
                    continue
                x = samples[rows[i], self.attributes["nodes_featureids"][i]]
                holds = LEADS[self.modes[i]](x, np.float32(self.attributes["nodes_values"][i]))
                holds |= np.isnan(x) & bool(self.missing[i])
                yes, no = self.children(i)
                rows[yes], rows[no] = rows[i][holds], rows[i][~holds]
                waiting += [yes, no]
            means = {}
            for i in reversed(order):
                if self.modes[i] == "LEAF":
                    means[i] = self.worth[i]
                    continue
                yes, no = self.children(i)
                # A node that no sample comes to is as likely to go either way.
                a, b = (counts[yes], counts[no]) if counts[i] else (1, 1)
                means[i] = (a * means[yes] + b * means[no]) / (a + b)
            mean += means[root]
            waiting = [(root, {})]
            while waiting:
                i, added = waiting.pop()
                if self.modes[i] == "LEAF":
                    reasons[i] = added
                    continue
                feature = self.attributes["nodes_featureids"][i]
                for child in self.children(i):
                    waiting.append((child, {**added, feature: added.get(feature, 0) + means[child] - means[i]}))
        return reasons, mean


def explained(model, samples):
    """The model with the output "contributions", and the mean score."""
    nodes = [n for n in model.graph.node if "TreeEnsemble" in n.op_type]
    if len(nodes) != 1:
        sys.exit(f"{len(nodes)} nodes of trees; one is taken")
    trees = Trees(nodes[0])
    reasons, mean = trees.reasons(samples)
    get = trees.attributes.get
    entries = [(leaf, feature, value) for leaf, added in sorted(reasons.items()) for feature, value in sorted(added.items())]
    shared = {name: value for name, value in trees.attributes.items() if name.startswith("nodes_")}
    model.graph.node.append(helper.make_node(
        "TreeEnsembleRegressor", [nodes[0].input[0]], ["contributions"], name="contributions", domain="ai.onnx.ml",
        n_targets=samples.shape[1], target_treeids=[get("nodes_treeids")[leaf] for leaf, _, _ in entries],
        target_nodeids=[get("nodes_nodeids")[leaf] for leaf, _, _ in entries],
        target_ids=[feature for _, feature, _ in entries], target_weights=[float(value) for _, _, value in entries], **shared))
    model.graph.output.append(
        helper.make_tensor_value_info("contributions", onnx.TensorProto.FLOAT, [None, samples.shape[1]]))
    bases = get("base_values") or [0]
    helper.set_model_props(model, {"mean score": repr(float(mean + bases[0]))})
    onnx.checker.check_model(model)
    return model, mean + bases[0]


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    path = sys.argv[2]
    table = np.load(path) if path.endswith(".npy") else np.genfromtxt(path, delimiter=",", skip_header=1)
    made, mean_score = explained(onnx.load(sys.argv[1]), np.asarray(table, np.float32))
    onnx.save(made, sys.argv[3])
    print(f"{sys.argv[3]}: the output \"contributions\" has {table.shape[1]} values, whose sum and {mean_score:.6f} is the score")
