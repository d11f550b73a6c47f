import Dispatch
import Synchronization

/// body(0), ..., body(count - 1) on all cores, in order of index.
package func concurrentMap<Value: Sendable>(
    _ count: Int, _ body: @Sendable (Int) -> Value
) -> [Value] {
    let values = Mutex([Int: Value]())
    DispatchQueue.concurrentPerform(iterations: count) { index in
        let value = body(index)
        values.withLock { $0[index] = value }
    }
    let all = values.withLock { $0 }
    return (0..<count).compactMap { all[$0] }
}
