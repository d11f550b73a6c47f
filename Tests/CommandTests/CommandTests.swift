// SPDX-License-Identifier: Apache-2.0

import BlindsightCommands
import Files
import Foundation
import Inference
import InferenceClient
import Testing

/// Commands as functions: the whole way of every method, a method that only these tests know among them.
@Suite struct CommandTests {
    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

    /// A folder that goes when the test ends.
    final class Folder {
        let path: String

        init() throws {
            path = NSTemporaryDirectory() + "blindsight-\(UUID().uuidString)"
            try FileSystem.makeFolder(path)
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }

        func callAsFunction(_ name: String) -> String { path + "/" + name }

        /// Writes the halves of a plan into `plan`, and a client's keys beside it.
        func write(_ plan: Plan) throws -> Client {
            try FileSystem.makeFolder(self("plan"))
            try StagedFile.write(plan.client.serialized(), to: self("plan/client.plan"))
            try StagedFile.write(plan.serialized(), to: self("plan/server.plan"))
            let client = try Client(plan.client)
            try StagedFile.write(client.serializedSecretKey(), to: self("secret.key"))
            try StagedFile.write(
                client.evaluationKeys().serialized(), to: self("evaluation.key"))
            return client
        }
    }

    private func integer(_ report: CommandReport, _ key: String) -> String? {
        report[key].map(\.text)
    }

    /// Plan, keys, encryption, prediction, decryption, with the same JSON for all.
    @Test(arguments: ["slots", "features", "paillier", "padded"])
    func wholeWay(method: String) throws {
        ServerMethods.register(PaddedPlan.self)
        let folder = try Folder()
        let model =
            Self.root + (method == "paillier" ? "/Models/mnist-linear.onnx" : "/Models/mnist.onnx")
        let samples = Self.root + "/Samples/digits-images-idx3-ubyte"
        let plan = try PlanCommand.parse([
            model, "-o", folder("plan"), "--calibration", samples, "--method", method, "--samples",
            method == "features" ? "100" : "1",
        ]).report()
        #expect(plan["method"]?.text == "\"\(method)\"")
        let keys = try KeygenCommand.parse([
            "--plan", folder("plan/client.plan"), "-o", folder("keys"),
        ]).report()
        let request = try EncryptCommand.parse([
            "--plan", folder("plan/client.plan"), "--key", folder("keys/secret.key"), "--input",
            samples, "--from", "4", "--limit", "7", "-o", folder("request.ct"),
        ]).report()
        let reply = try PredictCommand.parse([
            "--plan", folder("plan/server.plan"), "--evaluation-key",
            folder("keys/evaluation.key"), folder("request.ct"), "-o", folder("reply.ct"),
        ]).report()
        let result = try DecryptCommand.parse([
            "--plan", folder("plan/client.plan"), "--key", folder("keys/secret.key"), "--request",
            folder("request.ct"), folder("reply.ct"), "-o", folder("table.csv"),
        ]).report()
        // One shape for all methods.
        #expect(
            plan.members.map(\.0).prefix(12) == [
                "model", "server_plan", "server_plan_bytes", "client_plan", "client_plan_bytes",
                "method", "samples_per_group", "security_bits", "certified", "bound_method",
                "range_bits", "range_margin_bits",
            ])
        #expect(
            keys.members.map(\.0) == [
                "method", "secret_key", "secret_key_bytes", "secret_key_protected",
                "evaluation_key", "evaluation_key_bytes", "keygen_ms",
            ])
        #expect(
            request.members.map(\.0) == [
                "ciphertext", "request_bytes", "samples", "traps", "groups", "samples_per_group",
                "idle_places", "encrypt_ms", "refused_samples", "refusals", "clamped_values",
                "clamped_samples",
                "clamped_by_feature", "other_units_suspected",
            ])
        #expect(
            reply.members.map(\.0) == [
                "reply", "reply_bytes", "samples", "groups", "resumed_groups", "latency_ms",
                "throughput_per_second", "threads", "operations",
            ])
        #expect(integer(result, "samples") == "7")
        // Two digits of each kind ship, in order; all are recognized, but by the linear model.
        let table = try String(contentsOfFile: folder("table.csv"), encoding: .utf8)
        let rows = table.split(separator: "\n").dropFirst().map { $0.split(separator: ",") }
        #expect(rows.count == 7)
        if method != "paillier" {
            #expect(rows.map { $0[1] } == ["2", "2", "3", "3", "4", "4", "5"])
        }
        let inspected = try InspectCommand.parse([folder("reply.ct")]).report()
        #expect(inspected["kind"]?.text == "\"reply\"")
    }

    /// Groups that an interrupted run left are kept, by a method that nothing in the sources knows.
    @Test func resumesAnyMethod() throws {
        ServerMethods.register(PaddedPlan.self)
        let folder = try Folder()
        _ = try PlanCommand.parse([
            Self.root + "/Models/mnist.onnx", "-o", folder("plan"), "--method", "padded",
        ]).report()
        _ = try KeygenCommand.parse(["--plan", folder("plan/client.plan"), "-o", folder("keys")])
            .report()
        _ = try EncryptCommand.parse([
            "--plan", folder("plan/client.plan"), "--key", folder("keys/secret.key"), "--input",
            Self.root + "/Samples/digits-images-idx3-ubyte", "-o", folder("request.ct"),
        ]).report()
        func predict(_ options: String...) throws -> CommandReport {
            try PredictCommand.parse(
                [
                    "--plan", folder("plan/server.plan"), "--evaluation-key",
                    folder("keys/evaluation.key"), folder("request.ct"), "-o", folder("reply.ct"),
                ] + options
            ).report()
        }
        _ = try predict()
        let whole = try Data(contentsOf: URL(fileURLWithPath: folder("reply.ct")))
        // As after a crash within the third of seven groups.
        try whole.prefix(whole.count * 5 / 14).write(
            to: URL(fileURLWithPath: folder("reply.ct.partial")))
        #expect(throws: (any Error).self) { try predict() }
        let resumed = try predict("--resume")
        #expect(resumed["resumed_groups"]?.text == "2")
        #expect(try Data(contentsOf: URL(fileURLWithPath: folder("reply.ct"))) == whole)
    }

    /// Replies are bound to requests; one that isn't named has to be asked for.
    @Test func repliesAreBound() throws {
        ServerMethods.register(PaddedPlan.self)
        let folder = try Folder()
        _ = try PlanCommand.parse([
            Self.root + "/Models/mnist.onnx", "-o", folder("plan"), "--method", "padded",
        ]).report()
        _ = try KeygenCommand.parse(["--plan", folder("plan/client.plan"), "-o", folder("keys")])
            .report()
        for name in ["a", "b"] {
            _ = try EncryptCommand.parse([
                "--plan", folder("plan/client.plan"), "--key", folder("keys/secret.key"),
                "--input", Self.root + "/Samples/digits-images-idx3-ubyte", "--index", "3", "-o",
                folder(name),
            ]).report()
            _ = try PredictCommand.parse([
                "--plan", folder("plan/server.plan"), "--evaluation-key",
                folder("keys/evaluation.key"), folder(name), "-o", folder(name + ".reply"),
            ]).report()
        }
        let decrypt = [
            "--plan", folder("plan/client.plan"), "--key", folder("keys/secret.key"),
            folder("b.reply"),
        ]
        _ = try DecryptCommand.parse(decrypt + ["--request", folder("b")]).report()
        #expect(throws: (any Error).self) {
            try DecryptCommand.parse(decrypt + ["--request", folder("a")]).report()
        }
        #expect(throws: (any Error).self) { try DecryptCommand.parse(decrypt) }
        _ = try DecryptCommand.parse(decrypt + ["--any-request"]).report()
    }
}
