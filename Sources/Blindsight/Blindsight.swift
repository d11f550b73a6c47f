/// Encrypted inference of quantized neural networks: one import for a client, a server, or both.
///
/// A `Plan` is made from an ONNX model and certified. The `Client` has the secret key: it encrypts samples and decrypts
/// replies. The `Server` has the plan with its weights and evaluation keys: it predicts without seeing anything.
/// `Artifact` turns each of these things into bytes and back.
@_exported import BigIntegers
@_exported import Inference
@_exported import NeuralNetwork
@_exported import Paillier
@_exported import RLWE
@_exported import Wire
