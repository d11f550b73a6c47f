import IntegerNetworks

/// An integer network and how it came about.
package struct QuantizedModel: Sendable {
    package let network: IntegerNetwork
    package let report: QuantizationReport

    package init(network: IntegerNetwork, report: QuantizationReport) {
        self.network = network
        self.report = report
    }
}
