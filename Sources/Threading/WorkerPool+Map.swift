// SPDX-License-Identifier: Apache-2.0

import Synchronization

extension WorkerPool {
    /// body(0), ..., body(count - 1) as `run` does it, results in order.
    /// - Throws: what a body threw, of several the one with the smallest index. After an error no more bodies are
    ///   begun.
    package func map<Value: Sendable, Failure: Error>(
        _ count: Int, _ body: (Int) throws(Failure) -> Value
    ) throws(Failure) -> [Value] {
        let failure = Mutex<(index: Int, error: Failure)?>(nil)
        let hasFailed = Atomic(false)
        var values = [Value?](repeating: nil, count: count)
        values.withUnsafeMutableBufferPointer { values in
            // Each place is written by one body.
            let places = values.baseAddress
            run(count) { index in
                if hasFailed.load(ordering: .relaxed) { return }
                do throws(Failure) {
                    places![index] = try body(index)
                } catch {
                    hasFailed.store(true, ordering: .relaxed)
                    failure.withLock {
                        if index < $0?.index ?? count { $0 = (index, error) }
                    }
                }
            }
        }
        if let (_, error) = failure.withLock({ $0 }) { throw error }
        return values.map { $0! }
    }
}
