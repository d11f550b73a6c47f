// SPDX-License-Identifier: Apache-2.0

import FuzzTargets
import Inference
import InferenceClient
import TestSupport
import Testing
import Wire

/// Random damage with all digests made right again: a typed error or a value that can be used, never a trap.
@Suite struct MutationTests {
    static let plansAndKeys = ArtifactKind.allCases.filter { !$0.hasGroups }

    @Test(arguments: Method.allCases, plansAndKeys)
    func sections(method: Method, kind: ArtifactKind) throws {
        let fixture = try Fixture.of(method)
        var generator = SplitMix64(seed: 0xB11D + UInt64(kind.rawValue))
        var accepted = 0
        let rounds = method == .paillier && kind == .secretKey ? 200 : 1000
        for _ in 0..<rounds {
            let bytes = try? fixture.resealed(kind) { sections in
                for _ in 0...Int.random(in: 0..<3, using: &generator) {
                    let number = sections.keys.sorted().randomElement(using: &generator)!
                    Mutation.apply(to: &sections[number]!, &generator)
                }
            }
            guard let bytes else { continue }
            do {
                try fixture.use(bytes, as: kind)
                accepted += 1
            } catch {
                #expect(Party.isTyped(error), "\(error)")
            }
        }
        // Some mutations leave a valid file, else only the parser was tested.
        if kind == .clientPlan || kind == .serverPlan { #expect(accepted > 0) }
    }

    @Test(arguments: Method.allCases, [ArtifactKind.request, .reply])
    func groups(method: Method, kind: ArtifactKind) throws {
        let fixture = try Fixture.of(method)
        let groups = Fixture.groups(fixture.bytes(kind))
        var generator = SplitMix64(seed: 0xB47C + UInt64(kind.rawValue))
        var accepted = 0
        for _ in 0..<500 {
            var changed = groups
            let index = groups.indices.randomElement(using: &generator)!
            changed[index] = Fixture.resealed(group: groups[index]) { content in
                for _ in 0...Int.random(in: 0..<2, using: &generator) {
                    Mutation.apply(to: &content, &generator)
                }
            }
            do {
                try fixture.use(changed.flatMap { $0 }, as: kind)
                accepted += 1
            } catch {
                #expect(Party.isTyped(error), "\(error)")
            }
        }
        // Requests of noise are served; their replies say nothing to anyone.
        if kind == .request, method != .clear { #expect(accepted > 0) }
    }
}
