// swift-tools-version: 6.0
import PackageDescription

let crypto = "swift-crypto"
let protobuf: Target.Dependency = .product(name: "SwiftProtobuf", package: "swift-protobuf")

let package = Package(
    name: "blindsight",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "Blindsight", targets: ["Blindsight"]),
        .library(name: "BFV", targets: ["BFV"]),
        .library(name: "Paillier", targets: ["Paillier"]),
        .executable(name: "blindsight", targets: ["BlindsightCLI"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    ],
    targets: [
        .systemLibrary(
            name: "CGMP", pkgConfig: "gmp", providers: [.apt(["libgmp-dev"]), .brew(["gmp"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .target(name: "CKernels"),
        .target(name: "BigIntegers", dependencies: ["CGMP"]),
        .target(
            name: "Ring",
            dependencies: [
                "BigIntegers", "CKernels", .product(name: "Crypto", package: crypto),
                .product(name: "CryptoExtras", package: crypto),
            ]),
        .target(name: "Lattice", dependencies: ["Ring", "BigIntegers", "CKernels"]),
        .target(name: "BFV", dependencies: ["Lattice", "Ring", "BigIntegers", "CKernels"]),
        .target(name: "Paillier", dependencies: ["Ring", "BigIntegers", "CKernels", "CGMP"]),
        .target(
            name: "NeuralNetwork", dependencies: ["BigIntegers", "CZlib", protobuf],
            exclude: ["ONNX/Protos"]),
        .target(
            name: "Inference",
            dependencies: ["NeuralNetwork", "BFV", "Lattice", "Paillier", "Ring", "BigIntegers"]),
        .target(
            name: "Wire",
            dependencies: [
                "Inference", "BFV", "Lattice", "Paillier", "Ring", "NeuralNetwork", "BigIntegers",
                "CKernels",
                protobuf,
                .product(name: "Crypto", package: crypto),
            ],
            exclude: ["Protos"]),
        .target(
            name: "Blindsight",
            dependencies: [
                "Wire", "Inference", "NeuralNetwork", "BFV", "Paillier", "BigIntegers",
            ]),
        .executableTarget(
            name: "BlindsightCLI",
            dependencies: [
                "Blindsight",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        .target(
            name: "TestSupport", dependencies: ["BigIntegers", "NeuralNetwork"],
            path: "Tests/_TestSupport"),
        .target(
            name: "Oracle", dependencies: ["BFV", "Lattice", "Ring", "BigIntegers"],
            path: "Tests/_Oracle"),
        .executableTarget(
            name: "ClientProbe", dependencies: ["BFV", "Lattice", "Ring", "BigIntegers"],
            path: "Tests/_ClientProbe"),
        .executableTarget(
            name: "PaillierProbe", dependencies: ["Paillier", "Ring", "BigIntegers", "CGMP"],
            path: "Tests/_PaillierProbe"),
        .executableTarget(
            name: "OperatorConformance", dependencies: ["NeuralNetwork", protobuf],
            path: "Tests/_Conformance"),
        .testTarget(name: "CKernelsTests", dependencies: ["CKernels", "TestSupport"]),
        .testTarget(name: "BigIntegersTests", dependencies: ["BigIntegers", "TestSupport"]),
        .testTarget(name: "RingTests", dependencies: ["Ring", "CKernels", "TestSupport"]),
        .testTarget(name: "LatticeTests", dependencies: ["Lattice", "Ring", "BigIntegers"]),
        .testTarget(name: "BFVTests", dependencies: ["BFV", "Lattice", "Oracle", "TestSupport"]),
        .testTarget(
            name: "PaillierTests", dependencies: ["Paillier", "CKernels", "CGMP", "TestSupport"]),
        .testTarget(
            name: "NeuralNetworkTests", dependencies: ["NeuralNetwork", "TestSupport", protobuf]),
        .testTarget(
            name: "InferenceTests",
            dependencies: ["Inference", "NeuralNetwork", "Paillier", "TestSupport"]),
        .testTarget(
            name: "WireTests",
            dependencies: [
                "Wire", "Blindsight", "Inference", "NeuralNetwork", "BFV", "Paillier",
                "TestSupport",
                protobuf,
            ]),
    ]
)
