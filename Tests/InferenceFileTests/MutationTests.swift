import Inference
import TestSupport
import Testing
import Wire

/// Random damage of groups under right checksums: a typed error or a value that can be used, never a trap.
@Suite struct BatchMutationTests {
    @Test(arguments: BatchFixture.kinds) func neverTraps(kind: ArtifactKind) throws {
        let fixture = try BatchFixture.shared.get()
        let groups = BatchFixture.groups(fixture.bytes(kind))
        var generator = SplitMix64(seed: 0xB47C + UInt64(kind.rawValue))
        var accepted = 0
        for _ in 0..<2000 {
            var changed = groups
            let index = Int.random(in: 0..<groups.count, using: &generator)
            changed[index] = try BatchFixture.resealed(groups[index], kind) { payload in
                for _ in 0...Int.random(in: 0..<3, using: &generator) {
                    MutationTests.mutate(&payload, &generator)
                }
            }
            do {
                try fixture.use(changed.flatMap { $0 }, as: kind)
                accepted += 1
            } catch {
                #expect(Fixture.isTyped(error), "\(error)")
            }
        }
        // Some mutations leave a valid file, else only the headers were tested.
        #expect(accepted > 0, "\(kind)")
    }
}
