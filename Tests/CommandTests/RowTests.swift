// SPDX-License-Identifier: Apache-2.0

import BlindsightCommands
import Files
import Foundation
import Inference
import InferenceClient
import IntegerNetworks
import Testing
import Wire

/// A batch doesn't die for one row: those that can't be encrypted stand in the result with the reason.
@Suite struct RowTests {
    private struct Case {
        let folder: CommandTests.Folder

        init() throws {
            folder = try CommandTests.Folder()
            let network = try IntegerNetwork(
                input: InputSpecification(shape: [2], range: -8...7, scale: 0.5),
                layers: [
                    .dense(
                        Dense(
                            weights: [300, -40, 5, 60, -7, 800], bias: [1, 2, 3], inputs: 2,
                            outputs: 3))
                ], outputScale: 0.01, labels: ["p", "q", "r"])
            let plan = try Planner().plan(network, method: .paillier)
            _ = try folder.write(plan)
        }

        func encrypt(_ table: String, _ arguments: String...) throws -> CommandReport {
            try StagedFile.write(Array(table.utf8), to: folder("table.csv"))
            return try EncryptCommand.parse(
                [
                    "--plan", folder("plan/client.plan"), "--key", folder("secret.key"), "--input",
                    folder("table.csv"), "-o", folder("request.ct"),
                ] + arguments
            ).report()
        }

        func decrypt(_ arguments: String...) throws {
            _ = try PredictCommand.parse([
                "--plan", folder("plan/server.plan"), "--evaluation-key", folder("evaluation.key"),
                folder("request.ct"), "-o", folder("reply.ct"),
            ]).report()
            _ = try DecryptCommand.parse(
                [
                    "--plan", folder("plan/client.plan"), "--key", folder("secret.key"),
                    "--request", folder("request.ct"), folder("reply.ct"),
                ] + arguments
            ).report()
        }

        func text(_ name: String) throws -> String {
            String(
                decoding: try RegularFile.bytes(of: folder(name), limit: 1 << 20), as: UTF8.self)
        }
    }

    @Test func badRowsAreNamed() throws {
        let these = try Case()
        let report = try these.encrypt(
            "who,a,b\nann,1,2\n=bob,x,2\n\"c,d\",-3,1\neve,1\nfay,900,0\ngil,0,inf\nhal,2,-2\n",
            "--id", "who")
        #expect(report.text.contains("NOT ENCRYPTED: 4 of 7 rows"))
        #expect(report.text.contains("line 3, column 2: 'x'"))
        let rows = try these.text("request.ct.rows")
        #expect(rows.split(separator: "\n").count == 9)

        try these.decrypt("-o", these.folder("table.out.csv"))
        let lines = try these.text("table.out.csv").split(separator: "\n").map(String.init)
        #expect(lines.count == 8)
        #expect(lines[0].hasPrefix("sample,id,status,label,logit_p,"))
        #expect(lines[1].hasPrefix("0,ann,decrypted,r,"))
        #expect(lines[2].hasPrefix("1,'=bob,\"refused: line 3, column 2: 'x' is text"))
        #expect(lines[3].hasPrefix("2,\"c,d\",decrypted,"))
        #expect(lines[4].contains("refused: ") && lines[4].contains("line 5 has 1 values"))
        #expect(lines[5].contains("line 6: sample 4, feature 0 is 900"))
        #expect(lines[6].contains("gil") && lines[6].contains("refused"))
        #expect(lines[7].hasPrefix("6,hal,decrypted,"))

        try these.decrypt("--json", "-o", these.folder("result.json"))
        let root =
            try JSONSerialization.jsonObject(with: Data(these.text("result.json").utf8))
            as? [String: Any]
        let results = try #require(root?["results"] as? [[String: Any]])
        #expect(
            results.map { $0["status"] as? String } == [
                "decrypted", "not encrypted", "decrypted", "not encrypted", "not encrypted",
                "not encrypted", "decrypted",
            ])
        #expect(results.map { $0["id"] as? String }[1...2] == ["=bob", "c,d"])
        #expect((results[4]["problem"] as? String)?.contains("line 6") == true)
        // NPY has no place for rows without logits.
        #expect(throws: (any Error).self) { try these.decrypt("-o", these.folder("out.npy")) }
    }

    @Test func whatEndsABatch() throws {
        let these = try Case()
        // Nothing is left.
        #expect {
            _ = try these.encrypt("a,b\nx,1\n2,y\n")
        } throws: {
            "\($0)".contains("line 2, column 1: 'x'")
        }
        #expect(!FileSystem.exists(these.folder("request.ct")))
        // No such column, and one too many.
        #expect {
            _ = try these.encrypt("a,b\n1,2\n", "--id", "who")
        } throws: {
            "\($0)".contains("'who' of identifiers nowhere")
        }
        // All rows are good: there is no file of rows.
        _ = try these.encrypt("a,b\n1,2\n")
        #expect(!FileSystem.exists(these.folder("request.ct.rows")))
        // A file of an earlier request is written anew.
        try StagedFile.write(Array("old".utf8), to: these.folder("request.ct.rows"))
        _ = try these.encrypt("a,b\n1,2\n")
        try these.decrypt("-o", these.folder("out.csv"))
        // Rows of another request are refused.
        _ = try these.encrypt("who,a,b\nx,1,2\n", "--id", "who")
        let rows = try these.text("request.ct.rows")
        _ = try these.encrypt("who,a,b\nx,1,2\n", "--id", "who")
        try StagedFile.write(Array(rows.utf8), to: these.folder("request.ct.rows"))
        #expect {
            try these.decrypt("-o", these.folder("out.csv"))
        } throws: {
            "\($0)".contains("rows of another request")
        }
    }
}
