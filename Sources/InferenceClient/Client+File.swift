// SPDX-License-Identifier: Apache-2.0

import BigIntegers
import Threading
import Wire

extension Client {
    /// The bytes of secret.key. Without a passphrase they are the secret: wipe them after use, write them to a private
    /// file.
    ///
    /// - Parameter passphrase: any bytes, at least one; wipe them after use. The secret is encrypted under it, for which
    ///   128 MiB are taken for a third of a second. nil: the secret lies open.
    public func serializedSecretKey(passphrase: [UInt8]? = nil) throws -> [UInt8] {
        var secret = try secretBytes()
        defer { secret.wipe() }
        return try SecretKeyFile.seal(
            secret, method: Array(plan.methodName.rawValue.utf8), keySet: plan.keySetDigest,
            passphrase: passphrase)
    }

    /// The client whose secret key a file holds. It serves every plan of the key set that it was made for.
    ///
    /// - Parameters:
    ///   - bytes: what `serializedSecretKey` gave. Wipe them after use.
    ///   - passphrase: what it was given. Wipe it after use.
    /// - Throws: an error that says what is wrong with the bytes; also for a key of another key set, for a wrong
    ///   passphrase, and for a passphrase where the file has none.
    public convenience init(
        _ plan: ClientPlan, secretKey bytes: [UInt8], passphrase: [UInt8]? = nil,
        threads: Int? = nil
    ) throws {
        try self.init(
            plan, secretKey: bytes, passphrase: passphrase, refusals: nil, threads: threads)
    }

    /// - Parameter refusals: where they are counted, beside the key; nil: in memory.
    package convenience init(
        _ plan: ClientPlan, secretKey bytes: [UInt8], passphrase: [UInt8]? = nil,
        refusals: (any RefusalRecord)?, threads: Int? = nil
    ) throws {
        let file = try SecretKeyFile(bytes)
        let method = try MethodName(section: file.method)
        guard method == plan.methodName else {
            throw WireError.wrongMethod(expected: plan.methodName.rawValue, found: method.rawValue)
        }
        try Envelope.requireKeySet(plan.keySetDigest, found: file.keySet)
        let pool = WorkerPool(threads: threads ?? WorkerPool.cores)
        let session: any ClientSession = try file.withSecret(passphrase: passphrase) {
            try plan.method.session(plan, secret: $0, on: pool)
        }
        self.init(plan, session: session, refusals: refusals, pool: pool)
    }
}
