// SPDX-License-Identifier: Apache-2.0

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
