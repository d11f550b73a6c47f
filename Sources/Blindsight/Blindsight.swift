// SPDX-License-Identifier: Apache-2.0

// Encrypted inference of quantized neural networks: one import for a client, a server, or both.
//
// A `Plan` is made from an ONNX model and certified. A `Client` has the secret key: it encrypts samples and decrypts
// replies. A `PreparedModel` has the plan's weights encoded, once for all clients; each client's `Server` predicts
// without seeing anything.
//
// These are the names that programs use most. Rarer ones come with the module that has them.

import Files
import Inference
import InferenceClient
import Samples

/// A certified plan: the server's, with the weights.
public typealias Plan = Inference.Plan
/// A plan with its weights encoded, once for all clients.
public typealias PreparedModel = Inference.PreparedModel
/// What predicts for one client, and sees nothing.
public typealias Server = Inference.Server
/// Reads a request group by group.
public typealias RequestReader = Inference.RequestReader
/// A reply that is written group by group, and goes on after an interruption.
public typealias ReplyFile = Inference.ReplyFile

/// The secret key: encrypts samples and decrypts replies.
public typealias Client = InferenceClient.Client
/// What a client knows of a plan: no weights.
public typealias ClientPlan = InferenceClient.ClientPlan
/// The keys that a server computes with.
public typealias EvaluationKeySet = InferenceClient.EvaluationKeySet
/// Encrypted samples.
public typealias Request = InferenceClient.Request
/// Encrypted outputs.
public typealias Reply = InferenceClient.Reply
/// What a model says of one sample.
public typealias Prediction = InferenceClient.Prediction
/// Writes a request group by group.
public typealias RequestWriter = InferenceClient.RequestWriter
/// The heads of a request's groups, which tell its reply from any other.
public typealias RequestHeads = InferenceClient.RequestHeads
/// Reads a reply group by group.
public typealias ReplyReader = InferenceClient.ReplyReader

/// Reads samples and labels: IDX, NPY, NPZ or CSV, gzip or not.
public typealias SampleFile = Samples.SampleFile
/// Samples of one shape.
public typealias SampleSet = Samples.SampleSet

/// A file to read from.
public typealias RegularFile = Files.RegularFile
/// A file that gets its name when it is finished.
public typealias StagedFile = Files.StagedFile
/// Bytes in memory, read as a file is.
public typealias MemorySource = Files.MemorySource
