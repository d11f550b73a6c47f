// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Wire

/// The methods that a client knows: the one list of them. A further one is registered before a plan of it is read.
package enum ClientMethods {
    private static let all = Mutex<[MethodName: any ClientMethod.Type]>([
        .slots: Slots.self, .features: Features.self, .paillier: PaillierSlots.self,
        .insecureClear: ClearValues.self,
    ])

    package static func register(_ method: any ClientMethod.Type) {
        all.withLock { $0[method.name] = method }
    }

    /// - Throws: `WireError.unknownMethod`.
    package static func named(_ name: MethodName) throws -> any ClientMethod.Type {
        guard let method = all.withLock({ $0[name] }) else {
            throw WireError.unknownMethod(name.rawValue)
        }
        return method
    }
}
