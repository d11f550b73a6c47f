// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)

    import CKernels
    import Glibc
    import Inference
    import InferenceClient
    import Testing
    import Wire

    /// Who reads this process's memory after the fact, from a core dump or a swapped page, looks for the secret key.
    @Suite struct MemoryScanTests {
        /// Parts of a key, kept so that the scan doesn't find what it looks with.
        private struct Needles {
            static let length = 12
            private var masked: [[UInt8]] = []

            /// - Parameter secret: where the secret is among the bytes; windows all along it.
            init(_ bytes: some Collection<UInt8>, _ secret: Range<Int>) {
                for start in stride(
                    from: secret.lowerBound, through: secret.upperBound - Self.length, by: 4)
                {
                    masked.append(
                        bytes.dropFirst(start).prefix(Self.length).map { $0 ^ 0x5a })
                }
            }

            var count: Int { masked.count }

            /// Whether a part begins at `bytes`.
            func match(_ bytes: UnsafePointer<UInt8>) -> Bool {
                masked.contains { needle in
                    needle.indices.allSatisfy { bytes[$0] ^ 0x5a == needle[$0] }
                }
            }

            /// By their first two bytes.
            var starts: Set<UInt16> {
                Set(masked.map { UInt16($0[0] ^ 0x5a) | UInt16($0[1] ^ 0x5a) << 8 })
            }
        }

        /// Places in all writable memory where a part of the key stands. What is unmapped meanwhile is left out.
        private func places(_ needles: Needles) -> Int {
            var ranges: [Range<UInt>] = []
            guard let maps = fopen("/proc/self/maps", "r") else { return 0 }
            var line: UnsafeMutablePointer<CChar>?
            var capacity = 0
            while getline(&line, &capacity, maps) > 0, let line {
                let fields = String(cString: line).split(separator: " ")
                let ends = fields[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
                if fields[1].hasPrefix("rw"), ends.count == 2, ends[0] < ends[1] {
                    ranges.append(ends[0]..<ends[1])
                }
            }
            free(line)
            fclose(maps)
            let memory = open("/proc/self/mem", O_RDONLY)
            defer { close(memory) }
            let starts = needles.starts
            var isStart = [Bool](repeating: false, count: 1 << 16)
            for start in starts { isStart[Int(start)] = true }
            let piece = 1 << 20
            var buffer = [UInt8](repeating: 0, count: piece + Needles.length)
            // What was read must not be found by the next scan.
            defer { buffer.withUnsafeMutableBytes { bsk_wipe($0.baseAddress!, $0.count) } }
            var found = 0
            for range in ranges {
                for start in stride(from: range.lowerBound, to: range.upperBound, by: piece) {
                    let count = min(UInt(buffer.count), range.upperBound - start)
                    let own = buffer.withUnsafeBytes {
                        UInt(
                            bitPattern: $0.baseAddress!)..<UInt(
                                bitPattern: $0.baseAddress! + $0.count)
                    }
                    buffer.withUnsafeMutableBytes { bytes in
                        let read = pread(memory, bytes.baseAddress, Int(count), off_t(start))
                        guard read > Needles.length else { return }
                        let base = bytes.baseAddress!.assumingMemoryBound(to: UInt8.self)
                        for i in 0..<read - Needles.length
                        where isStart[Int(base[i]) | Int(base[i + 1]) << 8]
                            && needles.match(base + i)
                        {
                            // The window itself is memory that is read.
                            if !own.contains(start + UInt(i)) { found += 1 }
                        }
                    }
                }
            }
            return found
        }

        /// keygen, encrypt and decrypt leave nothing of the key, packed as a file holds it.
        @Test(arguments: [Method.slots, .features, .paillier])
        func nothingOfAKeyIsLeft(method: Method) throws {
            let fixture = try Fixture.of(method)
            let needles = try {
                let client = try Client(fixture.plan.client)
                let request = try client.encrypt(quantized: [fixture.samples[0]])
                let server = try fixture.model.server(for: client.evaluationKeys())
                _ = try client.decrypt(server.predict(request), of: request)
                var bytes = try client.serializedSecretKey()
                // The last section; of Paillier's magic, bits, p, q, and what is public.
                let head = 56 + 16 + fixture.plan.client.methodName.rawValue.utf8.count + 16
                let secret =
                    method == .paillier
                    ? head + 8..<head + 8 + 64 : head..<bytes.count - 32
                let needles = Needles(bytes, secret)
                // The attack works while the bytes are there.
                #expect(needles.count > 0 && places(needles) >= needles.count)
                // Read as from a file.
                _ = try Client(fixture.plan.client, secretKey: bytes)
                bytes.withUnsafeMutableBytes { bytes in
                    for i in bytes.indices { bytes[i] = 0 }
                }
                return needles
            }()
            #expect(places(needles) == 0)
        }

        /// Nor of a passphrase, the key that is made of it, and the secret that it protects.
        @Test func nothingOfAPassphraseIsLeft() throws {
            let plan = try Fixture.of(.slots).plan.client
            let all = try {
                let protection = PassphraseProtection(
                    logRounds: PassphraseProtection.acceptedLogRounds.lowerBound)
                var passphrase = (0..<48).map { _ in UInt8.random(in: .min ... .max) }
                var secret = try Client(plan).secretBytes()
                let key = try protection.key(passphrase).withUnsafeBytes { bytes in
                    Needles(bytes, 0..<bytes.count)
                }
                let needles = [
                    key, Needles(passphrase, 0..<passphrase.count),
                    Needles(secret, 0..<secret.count),
                ]
                for needles in needles.dropFirst() { #expect(places(needles) >= needles.count) }
                let file = try SecretKeyFile.seal(
                    secret, method: Array("slots".utf8), keySet: plan.keySetDigest,
                    passphrase: passphrase, protection: protection)
                _ = try Client(plan, secretKey: file, passphrase: passphrase)
                passphrase[0] ^= 1
                #expect(throws: WireError.wrongPassphrase) {
                    try Client(plan, secretKey: file, passphrase: passphrase)
                }
                for i in passphrase.indices { passphrase[i] = 0 }
                for i in secret.indices { secret[i] = 0 }
                return needles
            }()
            for (needles, name) in zip(all, ["key", "passphrase", "secret"]) {
                #expect(needles.count > 0 && places(needles) == 0, "of the \(name)")
            }
        }
    }

#endif
