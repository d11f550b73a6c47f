// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Blindsight
import Files
import IntegerNetworks
import ONNXModels
import Samples

package struct DemoCommand: ParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Show the whole path on a digit that ships with the project.",
        discussion: """
            Client and server are both in this process, but all that passes between them are the bytes \
            of the real files.

              blindsight demo --digit 7
            """)

    @Option(help: "Which digit to take, 0 to 9.")
    var digit = 7

    @Option(help: "The quantized ONNX model.", completion: .file(extensions: ["onnx"]))
    var model = "Models/mnist.onnx"

    @Option(help: "The folder of samples and labels.", completion: .directory)
    var samples = "Samples"

    @OptionGroup package var options: OutputOptions

    package init() {}

    package func validate() throws {
        guard digit >= 0 else { throw ValidationError("--digit must be 0 or more") }
    }

    package func run() throws {
        CoreDumps.forbid()
        let set = try LabelledSamples.load(directory: samples)
        guard let index = set.labels.firstIndex(of: digit) else {
            throw CommandError.noSuchDigit(digit, folder: samples)
        }
        let sample = set.samples.sample(at: index)
        // Read before anything is shown.
        let model: [UInt8]
        do { model = try ONNXModel.bytes(path: self.model) } catch let error as ONNXError {
            throw CommandError.file(self.model, error)
        }
        let text: ([String]) -> Void = {
            options.json ? () : Terminal.show($0.joined(separator: "\n"))
        }
        text(DemoReport.title)

        var run = DemoRun()
        let plan: Plan
        do { plan = try run.makePlan(model: model) } catch {
            throw CommandError.file(self.model, Refused.orSame(error))
        }
        try CommandFiles.check(set.samples, for: plan.client, path: samples)
        text(DemoReport.plan(plan, picture: Picture.lines(sample, set.samples.sampleShape)))

        let (client, keys) = try run.makeKeys(plan: plan.client)
        let request = try run.encrypt(sample, by: client)
        text(DemoReport.ciphertext(request))

        let reply = try run.predict(request, evaluationKeys: keys, plan: plan)
        let prediction = try run.decrypt(reply, of: request, by: client)
        let expected = try IntegerReference.logits(
            plan.network, input: plan.network.input.quantize(sample))
        let report = DemoReport(
            prediction: prediction, expected: expected, labels: plan.client.outputs.labels,
            truth: digit)
        text(report.logits + DemoReport.steps(run.steps) + report.conclusion)
        if options.json { print(report.json(run.steps).text) }
        if prediction.logits != expected { throw CommandError.unequalResult }
    }
}
