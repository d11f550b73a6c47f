// SPDX-License-Identifier: Apache-2.0

import Blindsight
import Files
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What happens on SIGINT and SIGTERM: temporary files go, a hint is shown, and the exit status is 130 or 143.
package enum Interrupts {
    private static let hint = Mutex<String?>(nil)

    /// What is told on an interrupt from now on.
    static func tell(_ text: String) { hint.withLock { $0 = text } }

    /// Before any other thread begins, so that all inherit that these signals are held back for the one that waits for
    /// them.
    package static func install() {
        var signals = sigset_t()
        sigemptyset(&signals)
        // Whoever ignores a signal (nohup, a shell's background) goes on doing so.
        for number in [SIGINT, SIGTERM] where !isIgnored(number) { sigaddset(&signals, number) }
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        startThread(waitingFor: signals)
    }

    private static func startThread(waitingFor signals: sigset_t) {
        let argument = UnsafeMutablePointer<sigset_t>.allocate(capacity: 1)
        argument.initialize(to: signals)
        #if canImport(Darwin)
            var thread: pthread_t?
        #else
            var thread = pthread_t()
        #endif
        let result = pthread_create(&thread, nil, waitForSignal, argument)
        precondition(result == 0, "the system gives no thread")
    }

    fileprivate static func stopAtSignal(_ argument: UnsafeMutableRawPointer) {
        let signals = argument.assumingMemoryBound(to: sigset_t.self)
        var number: Int32 = 0
        while sigwait(signals, &number) != 0 {}
        stop(number)
    }

    private static func isIgnored(_ number: Int32) -> Bool {
        // SIG_IGN is the address 1.
        let handler = signal(number, SIG_DFL)
        guard unsafeBitCast(handler, to: Int.self) == 1 else { return false }
        signal(number, SIG_IGN)
        return true
    }

    private static func stop(_ number: Int32) -> Never {
        TemporaryFiles.removeAll()
        HiddenInput.restore()
        let line = Terminal.errorIsTerminal ? "\r\u{1B}[K" : ""
        let hint = hint.withLock { $0.map { ": \($0.printable)" } ?? "" }
        Terminal.writeError("\(line)blindsight: interrupted\(hint)\n")
        _exit(128 + number)
    }
}

#if canImport(Darwin)
    private typealias Argument = UnsafeMutableRawPointer
#else
    private typealias Argument = UnsafeMutableRawPointer?
#endif

private func waitForSignal(_ argument: Argument) -> UnsafeMutableRawPointer? {
    let argument: UnsafeMutableRawPointer? = argument
    if let argument { Interrupts.stopAtSignal(argument) }
    return nil
}
