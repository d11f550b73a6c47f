// SPDX-License-Identifier: Apache-2.0

// The C interface of the engine; include/blindsight.h says what each call does, takes and gives.
//
// A handle is a reference to an object of Swift that C owns: `given` makes one, `bs_free` ends it.

import Blindsight
import Files
import Inference
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

typealias Handle = OpaquePointer
/// Where a call puts a handle.
typealias HandlePlace = UnsafeMutablePointer<Handle?>

/// What is wrong with what a caller gave, beyond the library's own errors.
struct CallError: Error {
    let place: String?
    let problem: String

    init(_ place: String?, _ problem: String) {
        self.place = place
        self.problem = problem
    }
}

/// A handle of an object, which lives until it is freed.
func given(_ object: AnyObject) -> Handle { Handle(Unmanaged.passRetained(object).toOpaque()) }

extension Handle {
    /// The object, kept alive for as long as the caller holds it.
    func object<Object: AnyObject>(_ type: Object.Type) throws(CallError) -> Object {
        let any = Unmanaged<AnyObject>.fromOpaque(UnsafeRawPointer(self)).takeUnretainedValue()
        guard let object = any as? Object else {
            throw CallError("a handle", "a handle of another kind than the call takes")
        }
        return object
    }
}

extension Optional where Wrapped == Handle {
    func object<Object: AnyObject>(_ type: Object.Type) throws(CallError) -> Object {
        guard let self else { throw CallError("a handle", "NULL where a handle is needed") }
        return try self.object(type)
    }
}

/// Runs the body of a call. What it throws becomes the status, and an error that the caller may ask for.
func attempt(_ error: HandlePlace?, _ body: () throws -> Void) -> Int32 {
    error?.pointee = nil
    do {
        try body()
        return Status.ok.rawValue
    } catch let thrown {
        let failure = Failure(thrown)
        error?.pointee = given(failure)
        return failure.status.rawValue
    }
}

/// The same for a call with a result.
func attempt(
    _ error: HandlePlace?, _ result: HandlePlace?, _ body: () throws -> AnyObject
) -> Int32 {
    attempt(error) {
        guard let result else { throw CallError("the result", "NULL where a place is needed") }
        result.pointee = nil
        result.pointee = given(try body())
    }
}

final class PlanHandle: Sendable {
    let planned: PlannedModel?
    let plan: Plan

    init(_ planned: PlannedModel) {
        self.planned = planned
        plan = planned.plan
    }

    /// Of a file, which says nothing of how its network came about.
    init(_ plan: Plan) {
        planned = nil
        self.plan = plan
    }
}

final class ClientPlanHandle: Sendable {
    let plan: ClientPlan

    init(_ plan: ClientPlan) { self.plan = plan }
}

// Versions.

@_cdecl("bs_abi_version")
public func abiVersion() -> Int32 { 1 }

// Written once.
nonisolated(unsafe) private let version = strdup("0.1.0")

@_cdecl("bs_version")
public func versionText() -> UnsafePointer<CChar>? { UnsafePointer(version) }

@_cdecl("bs_free")
public func freeHandle(_ handle: UnsafeMutableRawPointer?) {
    guard let handle else { return }
    Unmanaged<AnyObject>.fromOpaque(handle).release()
}
