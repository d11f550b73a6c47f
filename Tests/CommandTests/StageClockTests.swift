// SPDX-License-Identifier: Apache-2.0

import BlindsightCommands
import Testing

/// The time left of a stage, at given times.
@Suite struct StageClockTests {
    @Test func timeLeft() {
        var clock = StageClock()
        func line(_ message: String, _ seconds: Int) -> String {
            clock.line(message, now: .seconds(seconds))
        }
        #expect(line("reading", 0) == "reading")
        #expect(line("choosing bits, 0 %", 2) == "choosing bits, 0 %")
        // In less than a second nothing is told.
        #expect(line("choosing bits, 10 %", 2) == "choosing bits, 10 %")
        #expect(line("choosing bits, 25 %", 7) == "choosing bits, 25 %, 15.0 s left")
        #expect(line("choosing bits, 50 %", 12) == "choosing bits, 50 %, 10.0 s left")
        // Once more, from the beginning.
        #expect(line("choosing bits, 0 %", 20) == "choosing bits, 0 %")
        #expect(line("choosing bits, 50 %", 24) == "choosing bits, 50 %, 4.0 s left")
        // Another stage that was begun before.
        #expect(line("searching, 50 %", 30) == "searching, 50 %")
        #expect(line("searching, 75 %", 34) == "searching, 75 %, 4.0 s left")
        #expect(line("searching, 100 %", 36) == "searching, 100 %, 0.0 ms left")
        #expect(line("proving", 40) == "proving")
        #expect(line("searching, 80 %", 50) == "searching, 80 %")
        #expect(line("searching, 900 %", 60) == "searching, 900 %")
    }
}
