// SPDX-License-Identifier: Apache-2.0

import BlindsightCommands
import Files
import Foundation
import Inference
import InferenceClient
import IntegerNetworks
import TensorGraphs
import Testing

/// `decrypt --json -o`: whoever sees how it ends and how long its file is learns nothing of what was decrypted.
@Suite struct ResultFileTests {
    private struct Results: Decodable {
        struct Result: Decodable {
            let sample: Int
            let status: String
            let problem: String?
            let label: String?
            let index: Int?
            let logits: [Int]?
            let values: [Double]?
        }
        let samples: Int
        let labels: [String]
        let certified: Bool
        let results: [Result]
    }

    /// A plan, keys, and the replies of a server.
    private struct Case {
        let folder: CommandTests.Folder

        init(method: String) throws {
            folder = try CommandTests.Folder()
            let samples = CommandTests.root + "/Samples/digits-images-idx3-ubyte"
            let model = method == "paillier" ? "mnist-linear" : "mnist"
            _ = try PlanCommand.parse([
                CommandTests.root + "/Models/\(model).onnx", "-o", folder("plan"),
                "--calibration", samples, "--method", method,
            ]).report()
            for keys in ["keys", "others"] {
                _ = try KeygenCommand.parse([
                    "--plan", folder("plan/client.plan"), "-o", folder(keys),
                ]).report()
            }
        }

        func encrypt(_ from: Int, _ count: Int, to name: String) throws {
            _ = try EncryptCommand.parse([
                "--plan", folder("plan/client.plan"), "--key", folder("keys/secret.key"),
                "--input", CommandTests.root + "/Samples/digits-images-idx3-ubyte", "--from",
                "\(from)", "--limit", "\(count)", "-o", folder(name),
            ]).report()
        }

        func predict(_ request: String, with keys: String, to name: String) throws {
            _ = try PredictCommand.parse([
                "--plan", folder("plan/server.plan"), "--evaluation-key",
                folder("\(keys)/evaluation.key"), folder(request), "-o", folder(name),
            ]).report()
        }

        func decrypt(
            _ request: String, _ reply: String, _ arguments: [String] = []
        ) throws -> CommandReport {
            try DecryptCommand.parse(
                [
                    "--plan", folder("plan/client.plan"), "--key", folder("keys/secret.key"),
                    "--request", folder(request), folder(reply),
                ] + arguments
            ).report()
        }

        /// What is seen outside of the file, and what stands in it.
        func result(
            _ request: String, _ reply: String
        ) throws -> (seen: String, bytes: Int, results: Results) {
            let path = folder("result.json")
            let report = try decrypt(request, reply, ["--json", "-o", path])
            #expect(!report.fails)
            let bytes = try RegularFile.bytes(of: path, limit: 1 << 24)
            #expect(FileSystem.size(path) == bytes.count)
            return (
                report.json.text + report.text, bytes.count,
                try JSONDecoder().decode(Results.self, from: Data(bytes))
            )
        }
    }

    @Test(arguments: ["slots", "features"]) func nothingIsSeenOutside(method: String) throws {
        let these = try Case(method: method)
        try these.encrypt(4, 2, to: "request.ct")
        try these.encrypt(11, 2, to: "other.ct")
        try these.predict("request.ct", with: "keys", to: "reply.ct")
        try these.predict("other.ct", with: "keys", to: "other-reply.ct")
        // With keys of another secret: noise above the bound.
        try these.predict("request.ct", with: "others", to: "noise.ct")

        let good = try these.result("request.ct", "reply.ct")
        #expect(good.results.samples == 2 && good.results.certified)
        #expect(good.results.results.map(\.sample) == [0, 1])
        for result in good.results.results {
            #expect(result.status == "decrypted" && result.problem == nil)
            #expect(result.label == result.index.map { good.results.labels[$0] })
            #expect(result.logits?.count == 10 && result.values?.count == 10)
        }
        // The integers are those of the other ways out.
        let table = these.folder("table.csv")
        _ = try these.decrypt("request.ct", "reply.ct", ["-o", table])
        let rows = try String(decoding: RegularFile.bytes(of: table, limit: 1 << 20), as: UTF8.self)
            .split(separator: "\n").dropFirst()
        for (row, result) in zip(rows, good.results.results) {
            let cells = row.split(separator: ",")
            #expect(cells[2..<12].compactMap { Int($0) } == result.logits)
        }

        let others = try these.result("other.ct", "other-reply.ct")
        #expect(others.results.results[0].logits != good.results.results[0].logits)
        let refused = try these.result("request.ct", "noise.ct")
        for result in refused.results.results {
            #expect(result.status == "refused" && result.problem?.isEmpty == false)
            #expect(result.logits == nil && result.label == nil && result.values == nil)
        }
        #expect(others.seen == good.seen && others.bytes == good.bytes)
        #expect(refused.seen == good.seen && refused.bytes == good.bytes)
        // Elsewhere it is an error.
        #expect(throws: (any Error).self) { try these.decrypt("request.ct", "noise.ct") }
    }

    /// Of a model whose end the client computes: all outputs by name, a line each sample, of one length.
    @Test func outputsOfAProgram() throws {
        let network = try IntegerNetwork(
            input: InputSpecification(shape: [2], range: -8...7, scale: 0.5),
            layers: [
                .dense(
                    Dense(
                        weights: [300, -40, 5, 60, -7, 800], bias: [1, 2, 3], inputs: 2,
                        outputs: 3))
            ], outputScale: 0.01, labels: ["0", "1", "2"])
        let program = try OutputProgram(
            inputCount: 3,
            steps: [
                .init(.softmax(outer: 1, count: 3, inner: 1), inputs: [0]),
                .init(.argMax(outer: 1, count: 3, inner: 1, selectsLast: false), inputs: [0]),
            ],
            outputs: [
                .init(
                    name: "a \"label\"", value: 2, shape: [],
                    meaning: .label(["one", "two\"2\"", "a third of another length"])),
                .init(name: "probabilities", value: 1, shape: [3], meaning: .real),
            ])
        let plan = try Planner().plan(network, program: program, method: .paillier)
        let folder = try CommandTests.Folder()
        let client = try folder.write(plan)
        let server = try Server(plan, keys: client.evaluationKeys())
        var lengths: Set<Int> = []
        var labels: Set<String> = []
        for sample in [[-8, 7], [7, -8], [0, 7], [7, 7]] {
            let request = try client.encrypt(quantized: [sample])
            try StagedFile.write(request.serialized(), to: folder("request.ct"))
            try StagedFile.write(
                server.predict(request).serialized(), to: folder("reply.ct"))
            _ = try DecryptCommand.parse([
                "--plan", folder("plan/client.plan"), "--key", folder("secret.key"), "--request",
                folder("request.ct"), folder("reply.ct"), "--json", "-o", folder("result.json"),
            ]).report()
            let bytes = try RegularFile.bytes(of: folder("result.json"), limit: 1 << 20)
            lengths.insert(bytes.count)
            let root = try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any]
            let results = try #require(root?["results"] as? [[String: Any]])
            #expect(results.count == 1 && results[0]["status"] as? String == "decrypted")
            let outputs = try #require(results[0]["outputs"] as? [String: Any])
            let logits = try IntegerReference(network).logits(sample)
            let expected = program.evaluate(logits.map { Float($0.doubleTowardZero * 0.01) })
            let label = try #require(program.label(of: expected)).name
            #expect(outputs["a \"label\""] as? String == label)
            #expect(results[0]["label"] as? String == label)
            // Foundation reads decimals a little off the nearest Double.
            let found = try #require(outputs["probabilities"] as? [Double])
            #expect(found.map { Float($0) } == expected[1])
            labels.insert(label)
            // A line each sample.
            let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
            #expect(lines.contains { $0.contains("\"sample\": 0") && $0.contains("probabilities") })
        }
        #expect(lengths.count == 1 && labels.count > 1, "\(lengths) \(labels)")
    }

    /// Refusals are counted as elsewhere, and worn keys change nothing that is seen.
    @Test func wornKeysAreNotSeen() throws {
        let these = try Case(method: "slots")
        try these.encrypt(4, 1, to: "request.ct")
        try these.predict("request.ct", with: "keys", to: "reply.ct")
        try these.predict("request.ct", with: "others", to: "noise.ct")
        let tally = TallyFile(these.folder("keys/secret.key.refusals"))
        let good = try these.result("request.ct", "reply.ct")
        #expect(try tally.count() == 0)
        for round in 1...16 {
            let refused = try these.result("request.ct", "noise.ct")
            #expect(refused.seen == good.seen && refused.bytes == good.bytes)
            #expect(try tally.count() == round)
        }
        let worn = try these.result("request.ct", "reply.ct")
        #expect(worn.seen == good.seen && worn.bytes == good.bytes)
        #expect(worn.results.results[0].status == "refused")
        #expect(worn.results.results[0].problem?.contains("new keys") == true)
        #expect(throws: (any Error).self) { try these.decrypt("request.ct", "reply.ct") }
    }

    /// What anyone can see of a reply is an error here too, and leaves no file.
    @Test func publicRefusalsAreErrors() throws {
        let these = try Case(method: "slots")
        try these.encrypt(4, 1, to: "request.ct")
        try these.encrypt(5, 1, to: "other.ct")
        try these.predict("request.ct", with: "keys", to: "reply.ct")
        var bytes = try RegularFile.bytes(of: these.folder("reply.ct"), limit: 1 << 24)
        bytes[bytes.count / 2] ^= 1
        try StagedFile.write(bytes, to: these.folder("damaged.ct"))
        try StagedFile.write(Array(bytes.dropLast()), to: these.folder("short.ct"))
        let path = these.folder("result.json")
        for (request, reply) in [
            ("other.ct", "reply.ct"), ("request.ct", "damaged.ct"), ("request.ct", "short.ct"),
            ("request.ct", "request.ct"),
        ] {
            #expect(throws: (any Error).self, "\(reply) to \(request)") {
                try these.decrypt(request, reply, ["--json", "-o", path])
            }
            #expect(FileSystem.size(path) == nil)
        }
        #expect(try TallyFile(these.folder("keys/secret.key.refusals")).count() == 0)
    }

    /// A name that says another format is not overruled.
    @Test func nameDecides() throws {
        func decrypt(_ arguments: [String]) throws -> DecryptCommand {
            try DecryptCommand.parse(
                ["--plan", "p", "--key", "k", "--any-request", "r"] + arguments)
        }
        #expect(throws: (any Error).self) { try decrypt(["-o", "result"]) }
        _ = try decrypt(["-o", "result", "--json"])
        _ = try decrypt(["-o", "result.json"])
        _ = try decrypt(["-o", "result", "--format", "json"])
        _ = try decrypt(["-o", "table.csv", "--json"])
    }
}
