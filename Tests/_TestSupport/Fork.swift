// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A child process that runs a piece of a test.
package enum Fork {
    /// The call failed.
    package struct Failure: Error {}

    /// What a child is to do, and whether it did it. One that hangs is ended by its alarm, and another tries: a lock of
    /// the system's or of memory for secrets, held by a thread that the child doesn't have, is nobody's fault.
    /// - Parameter attempts: how many children may hang but for the last.
    package static func inChild(attempts: Int = 1, _ body: () -> Bool) throws -> Bool {
        // Swift hides fork, since little of a program works in a child; a pool does.
        guard let symbol = dlsym(dlopen(nil, RTLD_NOW), "fork") else { throw Failure() }
        let fork = unsafeBitCast(symbol, to: (@convention(c) () -> pid_t).self)
        for attempt in 1...attempts {
            let child = fork()
            guard child != 0 else {
                alarm(attempts == 1 ? 20 : 10)
                _exit(body() ? 0 : 1)
            }
            guard child > 0 else { throw Failure() }
            var status: Int32 = 0
            while waitpid(child, &status, 0) < 0, errno == EINTR {}
            let isHung = status & 0x7F == SIGALRM
            if !isHung || attempt == attempts { return status == 0 }
        }
        return false
    }
}
