"""What the PyTorch notebooks share: a plain export, without the exporter's notes on source files."""

import io
import warnings

import onnx
import torch


def export(network, example, path, input_name, keep_batch_norm=False):
    """Writes `network` in evaluation mode as ONNX, with a free batch size. Returns its operators, in order.

    PyTorch's newer exporter folds BatchNormalization into the convolution before it; its older one keeps it if asked.
    """
    names = dict(input_names=[input_name], output_names=["logits"], opset_version=18, verbose=False)
    buffer = io.BytesIO()
    if keep_batch_norm:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            torch.onnx.export(
                network.eval(), (example,), buffer, dynamo=False, training=torch.onnx.TrainingMode.EVAL,
                do_constant_folding=False, dynamic_axes={input_name: {0: "N"}, "logits": {0: "N"}}, **names,
            )  # fmt: skip
    else:
        free = ({0: torch.export.Dim("N")},)
        torch.onnx.export(network.eval(), (example,), dynamo=True, dynamic_shapes=free, **names).save(buffer)
    model = onnx.load_from_string(buffer.getvalue())
    del model.metadata_props[:], model.graph.metadata_props[:], model.graph.value_info[:]
    for entry in (*model.graph.node, *model.graph.initializer, *model.graph.input, *model.graph.output):
        del entry.metadata_props[:]
        entry.doc_string = ""
    onnx.checker.check_model(model, full_check=True)
    with open(path, "wb") as file:
        file.write(model.SerializeToString(deterministic=True))
    return [node.op_type for node in model.graph.node]
