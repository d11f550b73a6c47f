// SPDX-License-Identifier: Apache-2.0

// Encrypted inference of quantized neural networks: one import for a client, a server, or both.
//
// A `Plan` is made from an ONNX model and certified. A `Client` has the secret key: it encrypts samples and decrypts
// replies. A `PreparedModel` has the plan's weights encoded, once for all clients; each client's `Server` predicts
// without seeing anything.
@_exported import BlindsightClient
@_exported import Inference
@_exported import Quantization
@_exported import Samples
