"""Writes the operator cases of the onnx package into a folder: a model, inputs and outputs each.

Of its own command, generate-data, releases since 1.20 leave out the cases of single operators.
"""

import pathlib
import sys
import warnings

warnings.simplefilter("ignore")

from onnx import TensorProto, numpy_helper  # noqa: E402
from onnx.backend.test.loader import load_model_tests  # noqa: E402


def write(folder, kind, tensors, infos):
    for index, (tensor, info) in enumerate(zip(tensors, infos)):
        if not isinstance(tensor, TensorProto):
            tensor = numpy_helper.from_array(tensor, info.name)
        (folder / f"{kind}_{index}.pb").write_bytes(tensor.SerializeToString())


def main():
    root = pathlib.Path(sys.argv[1])
    count = 0
    for case in load_model_tests(kind="node"):
        graph = case.model.graph
        infos = [*graph.input, *graph.output]
        # Sequences, maps and optionals are no tensors.
        if not all(info.type.HasField("tensor_type") for info in infos):
            continue
        folder = root / case.name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "model.onnx").write_bytes(case.model.SerializeToString())
        for index, (inputs, outputs) in enumerate(case.data_sets):
            data = folder / f"test_data_set_{index}"
            data.mkdir(exist_ok=True)
            write(data, "input", inputs, graph.input)
            write(data, "output", outputs, graph.output)
        count += 1
    print(f"{count} operator cases in {root}")


if __name__ == "__main__":
    main()
