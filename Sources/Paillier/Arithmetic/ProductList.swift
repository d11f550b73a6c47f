// SPDX-License-Identifier: Apache-2.0

import CGMP
import CKernels
import Threading

/// Independent products a b / R of numbers of a ring. The numbers must outlive the list.
package struct ProductList {
    private(set) var out: [UnsafeMutablePointer<UInt64>?] = []
    private(set) var a: [UnsafePointer<UInt64>?] = []
    private(set) var b: [UnsafePointer<UInt64>?] = []

    package init() {}

    package var count: Int { out.count }

    /// out = x y / R. `out` may be x or y.
    package mutating func append(
        _ out: UnsafeMutablePointer<UInt64>, _ x: UnsafePointer<UInt64>,
        _ y: UnsafePointer<UInt64>
    ) {
        self.out.append(out)
        a.append(x)
        b.append(y)
    }

    package mutating func removeAll() {
        out.removeAll(keepingCapacity: true)
        a.removeAll(keepingCapacity: true)
        b.removeAll(keepingCapacity: true)
    }

    /// Whole groups of eight: the last product again, its result left out.
    fileprivate mutating func pad() {
        while !out.isEmpty && out.count % 8 != 0 {
            out.append(nil)
            a.append(a[a.count - 1])
            b.append(b[b.count - 1])
        }
    }
}

extension NadicRing {
    /// Makes all products of the list, in any order. Eight neighbours that are squares cost less.
    package func multiply(_ list: ProductList, pool: WorkerPool? = nil) {
        if list.count == 0 { return }
        var list = list
        if usesLanes { list.pad() }
        let groups = (list.count + 7) / 8
        // Enough in a run to hide what starting it costs.
        let run = max(1, min(16, groups / (4 * (pool?.threads ?? 1))))
        let runs = (groups + run - 1) / run
        list.out.withUnsafeBufferPointer { out in
            list.a.withUnsafeBufferPointer { a in
                list.b.withUnsafeBufferPointer { b in
                    let body = { (index: Int) in
                        let start = index * run * 8
                        let end = min(start + run * 8, out.count)
                        self.multiply(
                            out.baseAddress! + start, a.baseAddress! + start,
                            b.baseAddress! + start, count: end - start)
                    }
                    if let pool {
                        pool.run(runs, body)
                    } else {
                        for index in 0..<runs { body(index) }
                    }
                }
            }
        }
    }

    private func multiply(
        _ out: UnsafePointer<UnsafeMutablePointer<UInt64>?>,
        _ a: UnsafePointer<UnsafePointer<UInt64>?>, _ b: UnsafePointer<UnsafePointer<UInt64>?>,
        count: Int
    ) {
        if usesLanes {
            bsk_nadic_multiply_singles(lanes, out, a, b, count / 8)
            return
        }
        withScratch { scratch in
            for i in 0..<count { multiplyScalar(out[i]!, a[i]!, b[i]!, scratch) }
        }
    }

    /// By GMP.
    func multiplyScalar(
        _ out: UnsafeMutablePointer<UInt64>, _ a: UnsafePointer<UInt64>,
        _ b: UnsafePointer<UInt64>, _ scratch: UnsafeMutablePointer<UInt>
    ) {
        withUnsafePointer(to: scalar) { m in
            let out = Self.limbPointer(out)
            if a == b {
                bsg_nadic_square(m, out, Self.limbPointer(a), scratch)
            } else {
                bsg_nadic_multiply(m, out, Self.limbPointer(a), Self.limbPointer(b), scratch)
            }
        }
    }

    /// out = a b / R.
    package func multiply(
        _ out: UnsafeMutablePointer<UInt64>, _ a: UnsafePointer<UInt64>,
        _ b: UnsafePointer<UInt64>
    ) {
        var list = ProductList()
        list.append(out, a, b)
        multiply(list)
    }
}

extension NadicRing {
    /// out = x + y. With lanes the coordinates only add up: a product takes those below 8n.
    package func add(
        _ out: UnsafeMutablePointer<UInt64>, _ x: UnsafePointer<UInt64>,
        _ y: UnsafePointer<UInt64>
    ) {
        guard usesLanes else {
            withScratch { scratch in
                withUnsafePointer(to: scalar) {
                    bsg_nadic_add(
                        $0, Self.limbPointer(out), Self.limbPointer(x), Self.limbPointer(y),
                        scratch)
                }
            }
            return
        }
        for coordinate in 0..<2 {
            var carry: UInt64 = 0
            for i in coordinate * digits..<(coordinate + 1) * digits {
                let sum = x[i] &+ y[i] &+ carry
                out[i] = sum & (1 << 52 - 1)
                carry = sum >> 52
            }
        }
    }
}
