// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Threading
import Wire

extension Client {
    /// The bytes of secret.key. They are the secret: wipe them after use, write them to a private file.
    public func serializedSecretKey() throws -> [UInt8] {
        var secret = try secretBytes()
        defer { secret.wipe() }
        return try Envelope.seal(
            [
                (SectionRule.Number.method, Array(plan.methodName.rawValue.utf8)),
                (SectionRule.Number.key, secret),
            ], kind: .secretKey, digest: plan.keySetDigest)
    }

    /// The client whose secret key a file holds. It serves every plan of the key set that it was made for.
    ///
    /// - Parameter bytes: what `serializedSecretKey` gave. Wipe them after use.
    /// - Throws: an error that says what is wrong with the bytes; also for a key of another key set.
    public convenience init(
        _ plan: ClientPlan, secretKey bytes: [UInt8], threads: Int? = nil
    ) throws { try self.init(plan, secretKey: bytes, refusals: nil, threads: threads) }

    /// - Parameter refusals: where they are counted, beside the key; nil: in memory.
    package convenience init(
        _ plan: ClientPlan, secretKey bytes: [UInt8], refusals: (any RefusalRecord)?,
        threads: Int? = nil
    ) throws {
        let envelope = try Envelope.open(bytes, expecting: .secretKey)
        let sections = try envelope.sections()
        let method = try MethodName(section: sections.required(SectionRule.Number.method))
        guard method == plan.methodName else {
            throw WireError.wrongMethod(expected: plan.methodName.rawValue, found: method.rawValue)
        }
        try Envelope.requireKeySet(plan.keySetDigest, found: envelope.digest)
        let pool = WorkerPool(threads: threads ?? WorkerPool.cores)
        try self.init(
            plan,
            session: plan.method.session(
                plan, secret: sections.required(SectionRule.Number.key), on: pool),
            refusals: refusals, pool: pool)
    }
}
