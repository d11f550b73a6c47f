// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    import Glibc
#endif

/// What the allocator keeps of memory that was freed. Left alone, glibc learns from the first freed file of keys to
/// take such blocks from heaps, which stay as large as they ever were, one for each few threads.
public enum HeapLimits {
    /// At the start of a process, before it has threads.
    public static func set() {
        #if canImport(Glibc)
            typealias Option = @convention(c) (Int32, Int32) -> Int32
            guard let option = function("mallopt", as: Option.self) else { return }
            // M_MMAP_THRESHOLD: larger blocks go back to the system at once. What predictions take and free all the
            // time is smaller.
            _ = option(-3, 4 << 20)
            // M_ARENA_MAX: a heap for each core.
            _ = option(-8, Int32(max(2, sysconf(Int32(_SC_NPROCESSORS_ONLN)))))
        #endif
    }

    /// After work that took and freed much, and comes seldom.
    static func trim() {
        #if canImport(Glibc)
            _ = function("malloc_trim", as: (@convention(c) (Int) -> Int32).self)?(0)
        #endif
    }

    #if canImport(Glibc)
        /// Of malloc.h, which Swift's module of the library lacks; nil in another library.
        private static func function<Function>(_ name: String, as _: Function.Type) -> Function? {
            dlsym(nil, name).map { unsafeBitCast($0, to: Function.self) }
        }
    #endif
}
