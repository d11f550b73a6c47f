// SPDX-License-Identifier: Apache-2.0

// A program that asks a service, in Swift: prints the label of each sample of a file.
//
//     remote-example http://127.0.0.1:8000 mnist Samples/digits-images-idx3-ubyte 3

import Blindsight
import BlindsightRemote
import Foundation

let words = CommandLine.arguments
guard words.count == 5, let count = Int(words[4]) else {
    print("usage: remote-example SERVER MODEL FILE COUNT")
    exit(64)
}
let token = ProcessInfo.processInfo.environment["BLINDSIGHT_TOKEN"]
let samples = try SampleFile.read(path: words[3])
let remote = try await RemoteServer.connect(
    to: RemoteAddress(server: words[1], token: token), model: words[2])
let client = try Client(remote.plan)
let predictions = try await remote.predict(
    client, (0..<min(count, samples.count)).map { samples.sample(at: $0) })
for prediction in predictions { print(prediction.label, prediction.logits) }
try await remote.shutdown()
