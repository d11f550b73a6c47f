// SPDX-License-Identifier: Apache-2.0

import InferenceClient
import Synchronization
import Wire

/// The methods that a server knows: the one list of them. A further one is registered before it is planned for.
package enum ServerMethods {
    /// In the order in which they are tried; of equals the first wins.
    private static let all = Mutex<[any ServerMethod.Type]>([
        SlotsPlan.self, FeaturesPlan.self, PaillierPlan.self, ClearPlan.self,
    ])

    /// Registers both halves.
    package static func register(_ method: any ServerMethod.Type) {
        all.withLock { methods in
            methods.removeAll { $0.name == method.name }
            methods.append(method)
        }
        method.registerClient()
    }

    package static var list: [any ServerMethod.Type] { all.withLock { $0 } }

    /// - Throws: `WireError.unknownMethod`.
    package static func named(_ name: MethodName) throws -> any ServerMethod.Type {
        guard let method = list.first(where: { $0.name == name }) else {
            throw WireError.unknownMethod(name.rawValue)
        }
        return method
    }
}

extension ServerMethod {
    package static var name: MethodName { Client.name }

    fileprivate static func registerClient() { ClientMethods.register(Client.self) }
}
