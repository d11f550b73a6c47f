import IntegerNetworks

/// An integer network and how it came about.
public struct QuantizedModel: Sendable {
    public let network: IntegerNetwork
    public let report: QuantizationReport

    package init(network: IntegerNetwork, report: QuantizationReport) {
        self.network = network
        self.report = report
    }
}
