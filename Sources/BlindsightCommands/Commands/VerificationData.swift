// SPDX-License-Identifier: Apache-2.0

import Blindsight
import Files
import IntegerNetworks
import Samples

/// Samples, and what is true of them.
struct VerificationData {
    enum Truth {
        case unknown
        /// Indices of labels.
        case labels([Int])
        /// Of a regression with one output.
        case targets([Double])
    }

    private(set) var samples: SampleSet
    private(set) var truth: Truth

    /// The samples at these places alone.
    func chosen(_ places: [Int]) -> VerificationData {
        var chosen = self
        chosen.samples = samples.samples(at: places)
        switch truth {
        case .unknown: break
        case .labels(let labels): chosen.truth = .labels(places.map { labels[$0] })
        case .targets(let targets): chosen.truth = .targets(places.map { targets[$0] })
        }
        return chosen
    }

    /// Rows that can't be read are kept, for `EncryptableRows` to leave out.
    init(
        path: String, as reading: SampleReading, labels: String?, _ labelFile: LabelFileOptions,
        plan: Plan
    ) throws {
        if FileSystem.isFolder(path) {
            let set = try LabelledSamples.load(directory: path)
            samples = set.samples
            truth = .labels(set.labels)
            try CommandFiles.check(samples, for: plan.client, path: path)
            return
        }
        var reading = reading
        reading.keepsFaults = true
        samples = try CommandFiles.samples(path, for: plan.client, as: reading)
        guard let labels else {
            truth = .unknown
            return
        }
        do {
            truth = try Self.truth(labels, as: labelFile.reading(count: samples.count), plan)
        } catch let error as SampleError {
            throw CommandError.labels(labels, error)
        } catch {
            throw CommandError.file(labels, error)
        }
        let found =
            switch truth {
            case .unknown: samples.count
            case .labels(let labels): labels.count
            case .targets(let targets): targets.count
            }
        guard found == samples.count else {
            throw CommandError.wrongLabelCount(labels, found, expected: samples.count)
        }
    }

    private static func truth(
        _ path: String, as reading: SampleReading, _ plan: Plan
    ) throws -> Truth {
        let (network, outputs) = (plan.network, plan.client.outputs)
        guard !outputs.saysLabel else {
            // Names of classes where the model has such names, else their indices.
            return .labels(
                try SampleFile.readLabels(path: path, names: outputs.labels, as: reading))
        }
        let targets = try SampleFile.read(path: path, as: reading)
        guard targets.sampleCount == 1, network.outputCount == 1 else { return .unknown }
        return .targets((0..<targets.count).map { Double(targets.sample(at: $0)[0]) })
    }
}
