import BlindsightCommands

@main
enum Main {
    static func main() {
        Interrupts.install()
        BlindsightCommand.main()
    }
}
