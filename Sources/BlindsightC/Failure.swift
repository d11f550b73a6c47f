// SPDX-License-Identifier: Apache-2.0

import Blindsight
import Files
import Inference
import InferenceClient
import IntegerNetworks
import ONNXModels
import Paillier
import Quantization
import Samples
import Wire

/// Of a call: `bs_status`.
enum Status: Int32 {
    case ok, cancelled, invalidArgument, model, refused, data, format, mismatch, decryption, file
    case `internal`
}

/// Why a call failed: values, for any language.
final class Failure: Sendable {
    let status: Status
    let place: CText?
    let problem: CText
    let remedies: [(text: CText, option: CText?)]

    init(_ error: any Error) {
        var remedies: [PlanRefusal.Remedy] = []
        var place: String?
        var problem = "\(error)"
        switch error {
        case is CancellationError: (status, problem) = (.cancelled, "it was cancelled")
        case let error as CallError:
            (status, place, problem) = (.invalidArgument, error.place, error.problem)
        case let error as OptionError:
            (status, place, problem) = (.invalidArgument, error.option, error.problem)
        case let error as PlanRefusal:
            (status, place, problem) = (.refused, error.place, error.problem)
            remedies = error.remedies
        case let error as PlanError: (status, problem) = (.refused, error.description)
        case let error as ONNXError:
            status = .model
            if case .unsupported(let node, _, _) = error { place = node }
            if case .invalidTensor(let name, _) = error { place = name }
        case let error as QuantizationError:
            (status, place) = Self.place(error)
        case let error as NetworkError:
            status = .data
            switch error {
            case .farOutside(let sample, let feature, _, _), .notFinite(let sample, let feature, _):
                place = "sample \(sample), feature \(feature)"
            case .refusedSample(let sample, _): place = "sample \(sample)"
            default: break
            }
        case is SampleError, is WideLogits: status = .data
        case let error as FileError: (status, place) = (.file, error.path)
        case let error as WireError: status = Self.status(error)
        case let error as InferenceError:
            switch error {
            case .excessiveNoise, .outsideRange, .tooManyRefusals: status = .decryption
            default: status = .mismatch
            }
        case let error as SumError: (status, problem) = (Self.status(error), error.description)
        case let error as PaillierError:
            (status, problem) = (
                error == .faultDetected ? .decryption : .mismatch, error.description
            )
        default: (status, problem) = (.internal, "\(type(of: error)): \(error)")
        }
        self.place = place.map { CText($0.printable(limit: 500)) }
        self.problem = CText(problem.printable(limit: 4000))
        self.remedies = remedies.map {
            (CText($0.description.printable(limit: 2000)), $0.option.map(CText.init))
        }
    }

    private static func place(_ error: QuantizationError) -> (Status, String?) {
        switch error {
        case .unsupported(let node, _, _, _), .tooLarge(let node, _), .outOfRange(let node, _):
            (.model, node)
        case .ambiguousOutputs(let name): (.refused, name)
        case .invalidSamples: (.data, nil)
        case .invalidOptions: (.invalidArgument, nil)
        case .tooDeep, .budgetTooSmall: (.refused, nil)
        case .invalidNetwork: (.model, nil)
        }
    }

    private static func status(_ error: SumError) -> Status {
        switch error {
        case .invalidLayout: .invalidArgument
        case .countMismatch, .valueOutOfRange: .data
        case .malformed: .format
        case .otherLayout, .tooManyTerms, .tooFewTerms: .mismatch
        case .sumOutOfRange: .decryption
        }
    }

    private static func status(_ error: WireError) -> Status {
        switch error {
        case .wrongPlan, .wrongKeySet, .wrongMethod, .otherRequest, .rebuiltPlanDiffers: .mismatch
        case .passphraseNeeded, .notProtected, .wrongPassphrase, .emptyPassphrase: .invalidArgument
        default: .format
        }
    }
}

/// A text that C may read for as long as its owner lives.
final class CText: @unchecked Sendable {
    let start: UnsafePointer<CChar>

    init(_ text: String) {
        // Nothing in it ends it early.
        let bytes = Array(text.utf8).filter { $0 != 0 } + [0]
        let memory = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
        for (index, byte) in bytes.enumerated() { memory[index] = CChar(bitPattern: byte) }
        start = UnsafePointer(memory)
    }

    deinit { start.deallocate() }
}

private func failure(_ handle: Handle?) -> Failure? { try? handle.object(Failure.self) }

@_cdecl("bs_error_status")
public func errorStatus(_ error: OpaquePointer?) -> Int32 { failure(error)?.status.rawValue ?? 0 }

@_cdecl("bs_error_where")
public func errorWhere(_ error: OpaquePointer?) -> UnsafePointer<CChar>? {
    failure(error)?.place?.start
}

@_cdecl("bs_error_what")
public func errorWhat(_ error: OpaquePointer?) -> UnsafePointer<CChar>? {
    failure(error)?.problem.start
}

@_cdecl("bs_error_remedy_count")
public func errorRemedyCount(_ error: OpaquePointer?) -> Int { failure(error)?.remedies.count ?? 0 }

private func remedy(_ error: Handle?, _ index: Int) -> (text: CText, option: CText?)? {
    guard let remedies = failure(error)?.remedies, remedies.indices.contains(index) else {
        return nil
    }
    return remedies[index]
}

@_cdecl("bs_error_remedy")
public func errorRemedy(_ error: OpaquePointer?, _ index: Int) -> UnsafePointer<CChar>? {
    remedy(error, index)?.text.start
}

@_cdecl("bs_error_remedy_option")
public func errorRemedyOption(_ error: OpaquePointer?, _ index: Int) -> UnsafePointer<CChar>? {
    remedy(error, index)?.option?.start
}
