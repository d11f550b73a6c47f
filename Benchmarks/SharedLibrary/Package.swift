// swift-tools-version: 6.0
import PackageDescription

let package = Package(
    name: "shared-library",
    platforms: [.macOS(.v15)],
    products: [.library(name: "BlindsightC", type: .dynamic, targets: ["BlindsightC"])],
    dependencies: [.package(name: "blindsight", path: "../..")],
    targets: [
        .target(
            name: "BlindsightC", dependencies: [.product(name: "Blindsight", package: "blindsight")]
        )
    ]
)
