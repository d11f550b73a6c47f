// SPDX-License-Identifier: Apache-2.0

import Blindsight
import BlindsightCommands
import ONNXModels

extension PlanningOptions {
    /// - Parameter text: lines "key=value"; nil: the defaults.
    fileprivate init(_ text: UnsafePointer<CChar>?) throws(OptionError) {
        try self.init(text: text.map { String(cString: $0) } ?? "")
    }
}

@_cdecl("bs_model_read")
public func modelRead(
    _ path: UnsafePointer<CChar>?, _ onnx: UnsafeMutablePointer<OpaquePointer?>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
    attempt(error, onnx) {
        guard let path else { throw CallError("path", "NULL where a path is needed") }
        return Bytes(try ONNXModel.bytes(path: String(cString: path)))
    }
}

@_cdecl("bs_model_describe")
public func modelDescribe(
    _ onnx: UnsafePointer<UInt8>?, _ length: Int, _ options: UnsafePointer<CChar>?,
    _ json: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
    attempt(error, json) {
        let bytes = try CallersBytes(onnx, length, "the model").array
        let model = try ImportedModel(bytes, options: PlanningOptions(options))
        return Bytes(ModelDescription(model).json)
    }
}

@_cdecl("bs_compile")
public func compile(
    _ onnx: UnsafePointer<UInt8>?, _ length: Int, _ samples: UnsafeRawPointer?, _ type: Int32,
    _ count: Int64, _ width: Int64, _ labels: UnsafePointer<Int64>?,
    _ options: UnsafePointer<CChar>?, _ within: OpaquePointer?,
    _ progress: (
        @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<CChar>?, Int64, Int64) -> Int32
    )?, _ context: UnsafeMutableRawPointer?, _ plan: UnsafeMutablePointer<OpaquePointer?>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
    attempt(error, plan) {
        let bytes = try CallersBytes(onnx, length, "the model").array
        var options = try PlanningOptions(options)
        if within != nil { options.within = try within.object(ClientPlanHandle.self).plan }
        let matrix = try samples.map {
            try Matrix($0, type, count: count, width: width)
        }
        guard labels == nil || matrix != nil else {
            throw CallError("labels", "labels of no samples")
        }
        let places = labels.map { labels in (0..<Int(count)).map { Int(labels[$0]) } }
        let watch = Watch(progress, context)
        return try watch.run {
            let imported = try ImportedModel(bytes, options: options)
            return PlanHandle(
                try PlannedModel(
                    imported, calibration: matrix?.set, labels: places, options: options
                ) { try watch.tell($0) })
        }
    }
}

@_cdecl("bs_plan_load")
public func planLoad(
    _ bytes: UnsafePointer<UInt8>?, _ length: Int, _ plan: UnsafeMutablePointer<OpaquePointer?>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
    attempt(error, plan) {
        PlanHandle(try Plan(serialized: CallersBytes(bytes, length, "the plan").array))
    }
}

@_cdecl("bs_plan_serialize")
public func planSerialize(
    _ plan: OpaquePointer?, _ bytes: UnsafeMutablePointer<OpaquePointer?>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
    attempt(error, bytes) { Bytes(try plan.object(PlanHandle.self).plan.serialized()) }
}

@_cdecl("bs_plan_report")
public func planReport(
    _ plan: OpaquePointer?, _ json: UnsafeMutablePointer<OpaquePointer?>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
    attempt(error, json) {
        let handle = try plan.object(PlanHandle.self)
        return Bytes(PlanDescription(handle.plan, handle.planned).json)
    }
}

@_cdecl("bs_plan_client")
public func planClient(
    _ plan: OpaquePointer?, _ client: UnsafeMutablePointer<OpaquePointer?>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
    attempt(error, client) { ClientPlanHandle(try plan.object(PlanHandle.self).plan.client) }
}

@_cdecl("bs_plan_simulate")
public func planSimulate(
    _ plan: OpaquePointer?, _ samples: UnsafeRawPointer?, _ type: Int32, _ count: Int64,
    _ width: Int64, _ clamp: Int32,
    _ progress: (
        @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<CChar>?, Int64, Int64) -> Int32
    )?, _ context: UnsafeMutableRawPointer?,
    _ predictions: UnsafeMutablePointer<OpaquePointer?>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
    attempt(error, predictions) {
        let plan = try plan.object(PlanHandle.self).plan
        let matrix = try Matrix(samples, type, count: count, width: width)
        let watch = Watch(progress, context)
        return try watch.run {
            PredictionsHandle(
                try plan.simulate(matrix.samples, outside: clamp != 0 ? .clamp : .refuse) {
                    try watch.tell($0, $1)
                }, of: plan.client)
        }
    }
}

@_cdecl("bs_client_plan_load")
public func clientPlanLoad(
    _ bytes: UnsafePointer<UInt8>?, _ length: Int, _ plan: UnsafeMutablePointer<OpaquePointer?>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
    attempt(error, plan) {
        ClientPlanHandle(
            try ClientPlan(serialized: CallersBytes(bytes, length, "the plan").array))
    }
}

@_cdecl("bs_client_plan_serialize")
public func clientPlanSerialize(
    _ plan: OpaquePointer?, _ bytes: UnsafeMutablePointer<OpaquePointer?>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
    attempt(error, bytes) { Bytes(try plan.object(ClientPlanHandle.self).plan.serialized()) }
}

@_cdecl("bs_client_plan_describe")
public func clientPlanDescribe(
    _ plan: OpaquePointer?, _ json: UnsafeMutablePointer<OpaquePointer?>?,
    _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> Int32 {
    attempt(error, json) {
        Bytes(ClientPlanDescription(try plan.object(ClientPlanHandle.self).plan).json)
    }
}
