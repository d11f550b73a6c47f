// SPDX-License-Identifier: Apache-2.0

import BlindsightCommands

@main
enum Main {
    static func main() {
        Interrupts.install()
        BlindsightCommand.runProgram()
    }
}
