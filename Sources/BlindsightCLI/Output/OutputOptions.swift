import ArgumentParser

/// What every command takes.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Print one JSON object on standard output, and nothing else there.")
    var json = false

    /// Prints the object, or else the text.
    func show(_ object: JSON, text: () -> String) {
        print(json ? object.text : text())
    }
}
