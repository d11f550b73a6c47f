// swift-tools-version: 6.0
import PackageDescription

let package = Package(
    name: "benchmarks",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "micro", targets: ["micro"]),
        .executable(name: "paillier-bench", targets: ["paillier-bench"]),
    ],
    dependencies: [
        .package(name: "blindsight", path: ".."),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    ],
    targets: [
        .target(name: "CBandwidth"),
        .executableTarget(
            name: "micro",
            dependencies: [
                "CBandwidth", .product(name: "BFV", package: "blindsight"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        .executableTarget(
            name: "paillier-bench",
            dependencies: [
                .product(name: "Paillier", package: "blindsight"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
    ]
)
