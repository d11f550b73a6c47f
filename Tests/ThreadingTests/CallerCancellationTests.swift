// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Testing
import Threading

/// Callers outside of Swift's tasks end work, too.
struct CallerCancellationTests {
    @Test func workEndsWhereItsCallerSaysSo() throws {
        let asked = Atomic(0)
        #expect(throws: CancellationError.self) {
            try Cancellation.asking(
                { asked.add(1, ordering: .relaxed).newValue > 3 },
                { for _ in 0..<10 { try Cancellation.check() } })
        }
        #expect(asked.load(ordering: .relaxed) == 4)
        // It is over with the call.
        try Cancellation.check()
    }
}
