// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Starts a worker; where the system gives no more threads, the others do its work.
func startThread(of team: WorkerTeam) {
    let attributes = UnsafeMutablePointer<pthread_attr_t>.allocate(capacity: 1)
    defer { attributes.deallocate() }
    guard pthread_attr_init(attributes) == 0 else { return }
    pthread_attr_setdetachstate(attributes, Int32(PTHREAD_CREATE_DETACHED))
    pthread_attr_setstacksize(attributes, 1 << 20)
    let argument = Unmanaged.passRetained(team).toOpaque()
    #if canImport(Darwin)
        var thread: pthread_t?
    #else
        var thread = pthread_t()
    #endif
    let result = pthread_create(&thread, attributes, main, argument)
    if result != 0 { Unmanaged<WorkerTeam>.fromOpaque(argument).release() }
    pthread_attr_destroy(attributes)
}

#if canImport(Darwin)
    private typealias Argument = UnsafeMutableRawPointer
#else
    private typealias Argument = UnsafeMutableRawPointer?
#endif

private func main(_ argument: Argument) -> UnsafeMutableRawPointer? {
    let argument: UnsafeMutableRawPointer? = argument
    if let argument { Unmanaged<WorkerTeam>.fromOpaque(argument).takeRetainedValue().work() }
    return nil
}
