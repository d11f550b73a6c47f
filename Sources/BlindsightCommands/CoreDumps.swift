// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What a process leaves behind that dies: nothing, where it holds a secret.
enum CoreDumps {
    /// From now on, of this process and those that it starts.
    ///
    /// Pages of secrets are left out of dumps anyway; copies on the way to a file, or a passphrase, are not.
    static func forbid() {
        #if canImport(Glibc)
            let resource = __rlimit_resource_t(RLIMIT_CORE.rawValue)
        #else
            let resource = RLIMIT_CORE
        #endif
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return }
        // Linux pipes a dump to a handler whatever the limit, but for a limit of one byte; files are pages or nothing.
        let most = min(limit.rlim_max, 1)
        limit = rlimit(rlim_cur: most, rlim_max: most)
        _ = setrlimit(resource, &limit)
    }
}
