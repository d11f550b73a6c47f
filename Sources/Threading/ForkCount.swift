// SPDX-License-Identifier: Apache-2.0

import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// How many forks lie between this process and the one that asked first. A forked child has none of its parent's
/// threads but the one that forked, and locks stay as they were.
package enum ForkCount {
    private static let count = Atomic(0)

    private static let isCounted: Bool = {
        // The counter must be there before a child counts.
        _ = count.load(ordering: .relaxed)
        return pthread_atfork(nil, nil, { ForkCount.count.add(1, ordering: .relaxed) }) == 0
    }()

    package static var current: Int {
        _ = isCounted
        return count.load(ordering: .relaxed)
    }
}
