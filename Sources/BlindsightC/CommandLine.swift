// SPDX-License-Identifier: Apache-2.0

import BlindsightCommands

@_cdecl("bs_main")
public func commandLine(_ count: Int32, _ arguments: UnsafePointer<UnsafePointer<CChar>?>?) {
    let texts = (0..<Int(count)).compactMap { arguments?[$0].map { String(cString: $0) } }
    Interrupts.install()
    BlindsightCommand.runProgram(Array(texts.dropFirst()))
}
