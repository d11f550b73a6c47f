// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// What every command takes.
package struct OutputOptions: ParsableArguments {
    @Flag(help: "Print one JSON object on standard output, and nothing else there.")
    package var json = false

    package init() {}
}
