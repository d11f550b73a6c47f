// SPDX-License-Identifier: Apache-2.0

// All that a client needs: plans without weights, keys, requests, replies and their files. No planner, no quantizer, no
// server. These are the names that programs use most; rarer ones come with `import InferenceClient`, and `import Files`
// has the files that requests are written to and replies are read from.

import InferenceClient

/// The secret key: encrypts samples and decrypts replies.
public typealias Client = InferenceClient.Client
/// What a client knows of a plan: no weights.
public typealias ClientPlan = InferenceClient.ClientPlan
/// The keys that a server computes with.
public typealias EvaluationKeySet = InferenceClient.EvaluationKeySet
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
