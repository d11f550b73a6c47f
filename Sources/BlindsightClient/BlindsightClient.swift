// SPDX-License-Identifier: Apache-2.0

// All that a client needs: plans without weights, keys, requests, replies and their files. No planner, no quantizer, no
// server.
@_exported import BigIntegers
@_exported import Files
@_exported import InferenceClient
