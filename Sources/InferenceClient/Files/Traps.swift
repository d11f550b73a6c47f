// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Wire

/// Samples in a request that ask for nothing new: copies of other samples, and samples whose outputs the client knows.
/// Who computes on ciphertexts can't tell them from others. The client keeps where they are, and to itself.
package struct Traps: Sendable, Equatable {
    /// What must come for a trap.
    package enum Answer: Sendable, Equatable {
        /// What comes for the sample at this place.
        case copy(of: Int)
        /// These outputs.
        case known([BigInt])
    }

    package struct Trap: Sendable, Equatable {
        package let place: Int
        package let answer: Answer
    }

    /// By which the request is known: the digest of its groups' heads.
    package let request: [UInt8]
    /// Samples of the request, traps included.
    package let sampleCount: Int
    /// Places ascend.
    package let all: [Trap]

    /// - Parameters:
    ///   - placement: by which the request was encrypted.
    ///   - answers: of the known samples.
    package init(_ placement: TrapPlacement, answers: [[BigInt]], request: RequestHeads) {
        self.request = request.digest
        sampleCount = placement.sources.count
        let places = placement.samplePlaces
        all = placement.sources.enumerated().compactMap { place, source in
            switch source {
            case .sample: nil
            case .copy(let sample): Trap(place: place, answer: .copy(of: places[sample]))
            case .known(let index): Trap(place: place, answer: .known(answers[index]))
            }
        }
    }

    /// - Throws: `WireError.malformed` for the traps of another request.
    package func require(_ request: RequestHeads) throws {
        guard self.request == request.digest, sampleCount == request.sampleCount else {
            throw WireError.malformed(
                "the traps of another request; remove the file if this one was encrypted without traps"
            )
        }
    }

    // MARK: Text

    private static let title = "blindsight traps 1"
    /// Most bytes of a file that are read.
    package static let maximumBytes = 1 << 30

    /// Lines: a title, the request's digest, its samples, then a trap each: "copy PLACE OF" or "known PLACE OUTPUT...".
    package var text: String {
        var lines = [
            Self.title, "request \(Envelope.hexadecimal(request))", "samples \(sampleCount)",
        ]
        for trap in all {
            switch trap.answer {
            case .copy(let other): lines.append("copy \(trap.place) \(other)")
            case .known(let outputs):
                lines.append(
                    "known \(trap.place) " + outputs.map(\.description).joined(separator: " "))
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// - Parameter outputs: of the plan.
    /// - Throws: `WireError`.
    package init(text: String, outputs: Int) throws {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: true)
        guard lines.count >= 3, lines[0] == Self.title, lines[1].hasPrefix("request "),
            lines[2].hasPrefix("samples "), let count = Int(lines[2].dropFirst(8)), count > 0
        else { throw WireError.malformed("not a file of traps: it must begin '\(Self.title)'") }
        let hexadecimal = lines[1].dropFirst(8)
        var traps: [Trap] = []
        for (number, line) in lines.enumerated().dropFirst(3) {
            let words = line.split(separator: " ")
            let wrong = WireError.malformed("line \(number + 1) of the traps")
            guard words.count >= 3, let place = Int(words[1]), (0..<count).contains(place),
                place > traps.last?.place ?? -1
            else { throw wrong }
            switch words[0] {
            case "copy":
                guard words.count == 3, let other = Int(words[2]), (0..<count).contains(other),
                    other != place
                else { throw wrong }
                traps.append(Trap(place: place, answer: .copy(of: other)))
            case "known":
                let values = words.dropFirst(2).compactMap { BigInt(String($0)) }
                guard values.count == words.count - 2, values.count == outputs else { throw wrong }
                traps.append(Trap(place: place, answer: .known(values)))
            default: throw wrong
            }
        }
        let places = Set(traps.map(\.place))
        for case .copy(let other) in traps.map(\.answer) where places.contains(other) {
            throw WireError.malformed("a trap that is a copy of a trap")
        }
        sampleCount = count
        all = traps
        request = Envelope.bytes(hexadecimal: hexadecimal)
        guard request.count == 32 else { throw WireError.malformed("line 2 of the traps") }
    }
}

/// Which sample goes where: the samples in their order, traps at places that chance alone decides.
package struct TrapPlacement: Sendable, Equatable {
    package enum Source: Sendable, Equatable {
        case sample(Int)
        /// Of a sample.
        case copy(of: Int)
        case known(Int)
    }

    /// Of each place of the request.
    package let sources: [Source]

    /// - Parameters:
    ///   - samples: one or more.
    ///   - traps: how many.
    ///   - known: samples with known outputs: every second trap is one of them, where there are any.
    package init(samples: Int, traps: Int, known: Int = 0) {
        var generator = SystemRandomNumberGenerator()
        self.init(samples: samples, traps: traps, known: known, using: &generator)
    }

    package init(
        samples: Int, traps: Int, known: Int, using generator: inout some RandomNumberGenerator
    ) {
        var isTrap = [Bool](repeating: false, count: samples + traps)
        for place in 0..<traps { isTrap[place] = true }
        isTrap.shuffle(using: &generator)
        var isKnown = (0..<traps).map { known > 0 && $0 % 2 == 0 }
        isKnown.shuffle(using: &generator)
        var nextSample = 0
        var nextTrap = 0
        sources = isTrap.map { isTrap in
            guard isTrap else {
                defer { nextSample += 1 }
                return .sample(nextSample)
            }
            defer { nextTrap += 1 }
            return isKnown[nextTrap]
                ? .known(.random(in: 0..<known, using: &generator))
                : .copy(of: .random(in: 0..<samples, using: &generator))
        }
    }

    /// Where each sample went.
    package var samplePlaces: [Int] {
        sources.indices.filter { if case .sample = sources[$0] { true } else { false } }
    }
}

/// Compares what came for traps with what must come. What it finds is the client's alone.
package struct TrapCheck {
    private let traps: Traps
    private var next = 0
    /// Of the places that a copy stands for, and of copies.
    private var outputs: [Int: [BigInt]] = [:]
    private let compared: Set<Int>
    private var wrong = 0

    package init(_ traps: Traps) {
        self.traps = traps
        var compared: Set<Int> = []
        for trap in traps.all {
            if case .copy(let other) = trap.answer { compared.formUnion([trap.place, other]) }
        }
        self.compared = compared
    }

    /// Takes the outputs of the request's places, one after another.
    ///
    /// - Parameter logits: nil where the reply was refused: no trap agrees with that.
    /// - Returns: whether they are a sample's, and no trap's.
    package mutating func take(_ logits: [BigInt]?, at place: Int) -> Bool {
        if compared.contains(place) { outputs[place] = logits }
        guard next < traps.all.count, traps.all[next].place == place else { return true }
        if case .known(let known) = traps.all[next].answer, known != logits { wrong += 1 }
        next += 1
        return false
    }

    package var count: Int { traps.all.count }

    /// Traps for which something else came, once all places were taken.
    package var disagreeing: Int {
        traps.all.reduce(wrong) { sum, trap in
            guard case .copy(let other) = trap.answer else { return sum }
            guard let found = outputs[trap.place], found == outputs[other] else { return sum + 1 }
            return sum
        }
    }
}
