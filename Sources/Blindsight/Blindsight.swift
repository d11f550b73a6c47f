/// Encrypted inference of quantized neural networks: one import for a client, a server, or both.
///
/// A `Plan` is made from an ONNX model and certified. The `Client` has the secret key: it encrypts samples and decrypts
/// replies. The `Server` has the plan with its weights and evaluation keys: it predicts without seeing anything.
/// `BatchClient` and `BatchServer` do the same for thousands of samples at once, with plans of the batch layout.
/// `Artifact` turns each of these things into bytes and back; `BatchRequestWriter`,
/// `BatchReplyWriter` and their readers do so with batches, in files.
@_exported import BigIntegers
@_exported import Files
@_exported import Inference
@_exported import NeuralNetwork
@_exported import Paillier
@_exported import RLWE
@_exported import Threading
@_exported import Wire
