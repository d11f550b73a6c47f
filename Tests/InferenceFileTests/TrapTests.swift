// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Inference
import InferenceClient
import IntegerNetworks
import TestSupport
import Testing
import Wire

/// Samples that a server is tested by: where they go, what is kept of them, and what they find.
@Suite struct TrapTests {
    private static func placement(
        samples: Int, traps: Int, known: Int = 0, seed: UInt64 = 1
    ) -> TrapPlacement {
        var generator = SplitMix64(seed: seed)
        return TrapPlacement(samples: samples, traps: traps, known: known, using: &generator)
    }

    /// Heads of a request of so many samples, as many of them as it has groups.
    private static func request(_ samples: Int) throws -> RequestHeads {
        let fixture = try Fixture.of(.features)
        return RequestHeads(
            try fixture.client.encrypt(
                quantized: (0..<samples).map { fixture.samples[$0 % fixture.samples.count] }))
    }

    @Test(arguments: [(1, 1, 0), (1, 5, 2), (100, 10, 0), (100, 11, 3), (64, 64, 1), (7, 0, 0)])
    func everySampleIsThere(samples: Int, traps: Int, known: Int) {
        let sources = Self.placement(samples: samples, traps: traps, known: known).sources
        #expect(sources.count == samples + traps)
        var inOrder: [Int] = []
        var knownTraps = 0
        for source in sources {
            switch source {
            case .sample(let index): inOrder.append(index)
            case .copy(let index): #expect((0..<samples).contains(index))
            case .known(let index):
                knownTraps += 1
                #expect((0..<known).contains(index))
            }
        }
        #expect(inOrder == Array(0..<samples))
        #expect(knownTraps == (known > 0 ? (traps + 1) / 2 : 0))
    }

    /// Every place is a trap's as often as any other, and every sample is copied as often: by 4000 draws of 5 among 20,
    /// six standard deviations of the binomial law.
    @Test func placesAreUniform() {
        var traps = [Int](repeating: 0, count: 20)
        var copies = [Int](repeating: 0, count: 15)
        var generator = SplitMix64(seed: 3)
        for _ in 0..<4000 {
            let placement = TrapPlacement(samples: 15, traps: 5, known: 0, using: &generator)
            for (place, source) in placement.sources.enumerated() {
                if case .copy(let sample) = source {
                    traps[place] += 1
                    copies[sample] += 1
                }
            }
        }
        #expect(traps.allSatisfy { abs($0 - 1000) < 165 }, "\(traps)")
        #expect(copies.allSatisfy { abs($0 * 3 - 4000) < 3 * 215 }, "\(copies)")
        // By default from the system, another time after time.
        #expect(
            TrapPlacement(samples: 500, traps: 500) != TrapPlacement(samples: 500, traps: 500))
    }

    @Test func textIsReadAgain() throws {
        let heads = try Self.request(90)
        let answers = [[BigInt(5), BigInt(-7)], [BigInt(1) << 90, -(BigInt(1) << 70)]]
        let traps = Traps(
            Self.placement(samples: 80, traps: 10, known: 2), answers: answers, request: heads)
        #expect(traps.all.count == 10 && traps.sampleCount == 90)
        let again = try Traps(text: traps.text, outputs: 2)
        #expect(again == traps)
        try again.require(heads)
        let other = try Self.request(90)
        #expect(throws: WireError.self) { try again.require(other) }
        #expect(throws: WireError.self) { try Traps(text: traps.text, outputs: 3) }
    }

    @Test func malformedText() throws {
        let digest = String(repeating: "ab", count: 32)
        let head = "blindsight traps 1\nrequest \(digest)\nsamples 10\n"
        #expect(try Traps(text: head + "copy 3 4\nknown 5 1 -2\n", outputs: 2).all.count == 2)
        for text in [
            "", "\n\n\n", "blindsight traps 2\nrequest \(digest)\nsamples 10\n",
            head.replacing("abab", with: "abxx"), head.replacing("abab", with: "ab"),
            head.replacing("10", with: "0"), head.replacing("10", with: "-1"),
            head.replacing("10", with: "99999999999999999999"), head + "copy 3\n",
            head + "copy 3 10\n", head + "copy 10 3\n", head + "copy -1 3\n", head + "copy 3 3\n",
            head + "copy 3 4 5\n", head + "copy 3 4\ncopy 3 5\n", head + "copy 3 4\ncopy 2 5\n",
            head + "copy 3 4\ncopy 4 5\n", head + "known 3 1\n", head + "known 3 1 2 3\n",
            head + "known 3 1 x\n", head + "fake 3 4\n", head + "copy x 4\n",
        ] {
            #expect(throws: WireError.self, "\(text)") { try Traps(text: text, outputs: 2) }
        }
    }

    /// What a check finds in outputs by place.
    private static func found(_ traps: Traps, _ outputs: [[BigInt]?]) -> (Int, samples: [Int]) {
        var check = TrapCheck(traps)
        let samples = outputs.indices.filter { check.take(outputs[$0], at: $0) }
        return (check.disagreeing, samples)
    }

    /// Of one wrong answer at each place: seen at traps, and at samples that were copied, not at others.
    @Test func everyWrongTrapIsSeen() throws {
        let heads = try Self.request(40)
        let placement = Self.placement(samples: 30, traps: 10, known: 4, seed: 9)
        let known = (0..<4).map { [BigInt(1000 + $0)] }
        let traps = Traps(placement, answers: known, request: heads)
        let right = placement.sources.map { source in
            switch source {
            case .sample(let index), .copy(let index): [BigInt(index)]
            case .known(let index): known[index]
            }
        }
        let honest = Self.found(traps, right)
        #expect(honest.0 == 0 && honest.samples.count == 30)
        #expect(honest.samples == placement.samplePlaces)
        for (place, source) in placement.sources.enumerated() {
            let copies = placement.sources.count { other in
                if case .sample(let index) = source { other == .copy(of: index) } else { false }
            }
            let isTrap = !placement.samplePlaces.contains(place)
            for answer in [[right[place][0] + 1], nil] as [[BigInt]?] {
                var outputs: [[BigInt]?] = right
                outputs[place] = answer
                let (disagreeing, samples) = Self.found(traps, outputs)
                #expect(disagreeing == (isTrap ? 1 : copies), "place \(place)")
                #expect(samples == placement.samplePlaces)
            }
        }
        // A reply that is refused as a whole agrees with nothing.
        let refused = Self.found(traps, .init(repeating: nil, count: right.count))
        #expect(refused.0 == 10)
    }

    /// A server that answers 2 % of places wrongly gets by 100 traps in fewer than 0.98^100 of the cases: 13 %.
    @Test func wrongAnswersInAFewPlaces() throws {
        let heads = try Self.request(1)
        var generator = SplitMix64(seed: 11)
        var missed = 0
        for _ in 0..<1000 {
            let placement = TrapPlacement(samples: 900, traps: 100, known: 0, using: &generator)
            let traps = Traps(placement, answers: [], request: heads)
            var outputs: [[BigInt]?] = placement.sources.map { source in
                if case .sample(let index) = source { return [BigInt(index)] }
                if case .copy(let index) = source { return [BigInt(index)] }
                return nil
            }
            for place in (0..<1000).shuffled(using: &generator).prefix(20) {
                outputs[place] = [BigInt(-1 - place)]
            }
            if Self.found(traps, outputs).0 == 0 { missed += 1 }
        }
        // Copies are wrong where either of two places is, so about 0.98^200 of 1000: 18.
        #expect((1...60).contains(missed), "\(missed) of 1000")
    }

    /// Copies agree under every method, whatever group they are in.
    @Test(arguments: Method.allCases) func throughServers(method: Method) throws {
        let fixture = try Fixture.of(method)
        let count = method == .clear || fixture.plan.client.samplesPerGroup == 1 ? 3 : 70
        let samples = (0..<count).map { fixture.samples[$0 % fixture.samples.count] }
        let reference = IntegerReference(fixture.plan.network)
        let known = try reference.logits(fixture.samples[1])
        let placement = Self.placement(samples: count, traps: count, known: 1, seed: 5)
        let request = try fixture.client.encrypt(
            quantized: placement.sources.map { source in
                switch source {
                case .sample(let index), .copy(let index): samples[index]
                case .known: fixture.samples[1]
                }
            })
        let heads = RequestHeads(request)
        let traps = Traps(placement, answers: [known], request: heads)
        let predictions = try fixture.client.decrypt(fixture.server.predict(request), of: request)
        let outputs = predictions.map(\.logits)
        let found = Self.found(traps, outputs)
        #expect(found.0 == 0)
        #expect(
            try found.samples.map { outputs[$0] } == samples.map { try reference.logits($0) })
    }
}
