// SPDX-License-Identifier: Apache-2.0

// Names of the module below that programs use most. Its other types come with `import Lattice`.

import Lattice

/// The client's secret.
public typealias SecretKey = Lattice.SecretKey
/// Makes the server's keys from a secret key.
public typealias KeyGenerator = Lattice.KeyGenerator
