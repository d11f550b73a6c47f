"""The fifth part of the zoo: small networks as Keras exports them with TensorFlow, by tf2onnx.

"export" is Keras's own `model.export(format="onnx")`, "function" tf2onnx.convert.from_function, of a few. tf2onnx's
from_keras doesn't know Keras 3. Each is trained for about a second on scikit-learn's data.
"""

import contextlib
import io
import logging
import os
import tempfile
import warnings

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import numpy as np  # noqa: E402
import onnx  # noqa: E402

from zoo_networks import SEED, TEST, samples  # noqa: E402
from zoo_networks import data as arrays  # noqa: E402


def data(name):
    """As Keras has it: channels last."""
    inputs, targets = arrays(name)
    return [np.moveaxis(a, 1, -1) if a.ndim == 4 else a for a in inputs], targets


def networks(keras):
    """Name, data, losses, what makes the network."""
    layers, Model = keras.layers, keras.Model
    classes, quantities, yes = "sparse_categorical_crossentropy", "mse", "binary_crossentropy"
    dense = layers.Dense

    def stack(shape, *rest, **options):
        return lambda: keras.Sequential([keras.Input(shape, **options), *(layer() for layer in rest)])

    def layer(kind, *values, **options):
        return lambda: kind(*values, **options)

    def mlp(activation, features, hidden, outputs, last):
        return stack((features,), layer(dense, hidden, activation=activation), layer(dense, outputs, activation=last))

    def images(*rest, shape=(8, 8, 1)):
        return stack(shape, *rest, layer(layers.Flatten), layer(dense, 10, activation="softmax"))

    for activation in ("relu", "gelu", "silu", "tanh", "sigmoid", "leaky_relu", "elu", "selu", "softplus", "relu6",
                       "hard_sigmoid", "mish", "exponential", "softsign"):
        yield f"Keras MLP, {activation}", "cancer", classes, mlp(activation, 30, 16, 2, "softmax")
    yield "Keras MLP, square", "flat", classes, stack(
        (64,), layer(dense, 32, activation=keras.ops.square), layer(dense, 10, activation="softmax"))
    yield "Keras MLP, digits", "flat", classes, mlp("relu", 64, 32, 10, "softmax")
    yield "Keras logits", "flat", "logits", mlp("relu", 64, 32, 10, None)
    yield "Keras one sigmoid", "cancer", yes, mlp("relu", 30, 16, 1, "sigmoid")
    yield "Keras logistic regression", "cancer", yes, stack((30,), layer(dense, 1, activation="sigmoid"))
    yield "Keras tags", "tags", yes, mlp("relu", 30, 16, 3, "sigmoid")
    yield "Keras regressor", "diabetes", quantities, mlp("relu", 10, 16, 1, None)
    yield "Keras several targets", "several targets", quantities, mlp("relu", 10, 16, 3, None)
    yield "Keras autoencoder", "itself", quantities, mlp("relu", 64, 12, 64, "sigmoid")
    yield "Keras PReLU", "cancer", classes, stack(
        (30,), layer(dense, 16), layer(layers.PReLU), layer(dense, 2, activation="softmax"))
    yield "Keras BatchNormalization", "flat", classes, stack(
        (64,), layer(dense, 32), layer(layers.BatchNormalization), layer(layers.ReLU),
        layer(dense, 10, activation="softmax"))
    yield "Keras LayerNormalization", "cancer", classes, stack(
        (30,), layer(dense, 16), layer(layers.LayerNormalization), layer(layers.ReLU),
        layer(dense, 2, activation="softmax"))
    yield "Keras Dropout", "flat", classes, stack(
        (64,), layer(dense, 32, activation="relu"), layer(layers.Dropout, 0.3), layer(dense, 10, activation="softmax"))
    yield "Keras Normalization", "raw cancer", classes, stack(
        (30,), lambda: normalization(keras), layer(dense, 16, activation="relu"), layer(dense, 2, activation="softmax"))
    yield "Keras Rescaling", "levels as floats", classes, stack(
        (64,), layer(layers.Rescaling, 1 / 16), layer(dense, 32, activation="relu"),
        layer(dense, 10, activation="softmax"))
    yield "Keras CNN", "images", classes, images(
        layer(layers.Conv2D, 8, 3, padding="same"), layer(layers.BatchNormalization), layer(layers.ReLU),
        layer(layers.AveragePooling2D, 2))
    yield "Keras CNN, strided", "images", classes, images(
        layer(layers.Conv2D, 8, 3, strides=2, padding="same", activation="relu"))
    yield "Keras CNN, valid", "images", classes, images(layer(layers.Conv2D, 8, 3, strides=2, activation="relu"))
    yield "Keras CNN, depthwise", "images", classes, images(
        layer(layers.Conv2D, 8, 3, padding="same", activation="relu"), layer(layers.DepthwiseConv2D, 3),
        layer(layers.AveragePooling2D, 2))
    yield "Keras CNN, separable", "images", classes, images(
        layer(layers.Conv2D, 8, 3, strides=2, activation="relu"), layer(layers.SeparableConv2D, 8, 2))
    yield "Keras CNN, padded", "images", classes, images(
        layer(layers.ZeroPadding2D, 1), layer(layers.Conv2D, 8, 4, strides=2, activation="relu"))
    yield "Keras CNN, GlobalAveragePooling2D", "images", classes, stack(
        (8, 8, 1), layer(layers.Conv2D, 16, 5, activation="relu"), layer(layers.GlobalAveragePooling2D),
        layer(dense, 10, activation="softmax"))
    yield "Keras CNN of flat pixels", "flat", classes, stack(
        (64,), layer(layers.Reshape, (8, 8, 1)), layer(layers.Conv2D, 8, 3, strides=2, activation="relu"),
        layer(layers.Flatten), layer(dense, 10, activation="softmax"))
    yield "Keras CNN, MaxPooling2D", "images", classes, images(
        layer(layers.Conv2D, 8, 3, activation="relu"), layer(layers.MaxPooling2D, 2))
    yield "Keras Conv1D", "rows", classes, images(
        layer(layers.Conv1D, 16, 3, padding="same", activation="relu"), layer(layers.AveragePooling1D, 2), shape=(8, 8))
    yield "Keras Conv1D, causal", "rows", classes, images(
        layer(layers.Conv1D, 16, 3, padding="causal", activation="relu"), shape=(8, 8))
    yield "Keras Conv2DTranspose", "images themselves", quantities, stack(
        (8, 8, 1), layer(layers.Conv2D, 4, 3, strides=2, padding="same", activation="relu"),
        layer(layers.Conv2DTranspose, 1, 2, strides=2))
    yield "Keras UpSampling2D", "images themselves", quantities, stack(
        (8, 8, 1), layer(layers.Conv2D, 4, 3, strides=2, padding="same", activation="relu"),
        layer(layers.UpSampling2D, 2), layer(layers.Conv2D, 1, 3, padding="same"))
    yield "Keras LSTM", "rows", classes, stack((8, 8), layer(layers.LSTM, 8), layer(dense, 10, activation="softmax"))
    yield "Keras GRU", "rows", classes, stack((8, 8), layer(layers.GRU, 8), layer(dense, 10, activation="softmax"))
    yield "Keras Embedding", "levels", classes, stack(
        (64,), layer(layers.Embedding, 17, 2), layer(layers.Flatten), layer(dense, 10, activation="softmax"),
        dtype="int64")
    yield "Keras dense over time", "rows", classes, images(layer(dense, 4, activation="relu"), shape=(8, 8))
    yield "Keras dense over time, two", "rows", classes, images(
        layer(dense, 4, activation="relu"), layer(dense, 4), shape=(8, 8))

    def residual():
        x = keras.Input((8, 8, 1))
        h = layers.BatchNormalization()(layers.Conv2D(4, 3, padding="same")(x))
        r = layers.Conv2D(4, 3, padding="same")(layers.ReLU()(h))
        h = layers.Flatten()(layers.AveragePooling2D(2)(layers.add([h, r])))
        return Model(x, dense(10, activation="softmax")(h))

    def two_inputs():
        a, b = keras.Input((10,), name="a"), keras.Input((20,), name="b")
        h = layers.concatenate([dense(8)(a), dense(8)(b)])
        return Model([a, b], dense(2, activation="softmax")(layers.ReLU()(h)))

    def two_outputs():
        x = keras.Input((64,))
        h = dense(32, activation="relu")(x)
        return Model(x, [dense(10, activation="softmax", name="digit")(h), dense(1, name="ink")(h)])

    def attention():
        x = keras.Input((8, 8))
        h = layers.GlobalAveragePooling1D()(layers.MultiHeadAttention(2, 4)(x, x))
        return Model(x, dense(10, activation="softmax")(h))

    yield "Keras CNN, residual", "images", classes, residual
    yield "Keras two inputs", "two tables", classes, two_inputs
    yield "Keras class and quantity", "class and quantity", [classes, quantities], two_outputs
    yield "Keras attention", "rows", classes, attention


def normalization(keras):
    layer = keras.layers.Normalization()
    layer.adapt(data("raw cancer")[0][0])
    return layer


def exported(keras, network, kind):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.onnx")
        if kind == "export":
            network.export(path, format="onnx", verbose=False)
        else:
            import tensorflow
            import tf2onnx

            shapes = [tensorflow.TensorSpec(i.shape, i.dtype, name=f"x{k}") for k, i in enumerate(network.inputs)]
            function = tensorflow.function(lambda *x: network(x if len(x) > 1 else x[0], training=False), shapes)
            tf2onnx.convert.from_function(function, input_signature=shapes, output_path=path)
        return onnx.load(path)


FUNCTIONS = ("Keras MLP, relu", "Keras CNN", "Keras Conv1D", "Keras class and quantity", "Keras two inputs")


def models(only="", done=()):
    """As of zoo_models."""
    try:
        import keras
        import tensorflow
        import tf2onnx  # noqa: F401
    except ImportError:
        print("check-zoo: Keras, TensorFlow or tf2onnx isn't installed: their networks are left out")
        return
    logging.disable(logging.WARNING)
    with contextlib.suppress(RuntimeError):
        tensorflow.config.threading.set_intra_op_parallelism_threads(1)
    if not hasattr(np, "object"):
        np.object = object  # an older name, which tf2onnx asks for
    for name, set_name, loss, make in networks(keras):
        kinds = [k for k in ("export", *(["function"] if name in FUNCTIONS else []))
                 if only in f"{name}, {k}" and f"{name}, {k}" not in done]
        if not kinds:
            continue
        quiet, noise = io.StringIO(), warnings.catch_warnings()
        with contextlib.redirect_stdout(quiet), noise:
            warnings.simplefilter("ignore")
            keras.utils.set_random_seed(SEED)
            inputs, targets = data(set_name)
            network = make()
            if loss == "logits":
                loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
            network.compile(keras.optimizers.Adam(0.01), loss)
            one = lambda a: a if len(a) > 1 else a[0]  # noqa: E731
            network.fit(one([a[:-TEST] for a in inputs]), one([t[:-TEST] for t in targets]), epochs=15, batch_size=100,
                        verbose=0)
            train, test = samples(inputs)
            made = []
            for kind in kinds:
                try:
                    made.append((f"{name}, {kind}", exported(keras, network, kind), train, test))
                except Exception as error:
                    first = (str(error).splitlines() or [""])[0]
                    made.append((f"{name}, {kind}", None, f"{type(error).__name__}: {first}", None))
        yield from made
