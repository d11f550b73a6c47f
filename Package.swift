// swift-tools-version: 6.0
import PackageDescription

let crypto = "swift-crypto"
let protobuf: Target.Dependency = .product(name: "SwiftProtobuf", package: "swift-protobuf")

let package = Package(
    name: "blindsight",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "Blindsight", targets: ["Blindsight"]),
        .library(name: "RLWE", targets: ["RLWE"]),
        .library(name: "Ring", targets: ["Ring"]),
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
        .target(name: "Files"),
        .target(name: "Threading", dependencies: ["CKernels"]),
        .target(name: "BigIntegers", dependencies: ["CGMP"]),
        .target(
            name: "Ring",
            dependencies: [
                "BigIntegers", "CKernels", .product(name: "Crypto", package: crypto),
                .product(name: "CryptoExtras", package: crypto),
            ]),
        .target(name: "RLWE", dependencies: ["Ring", "Threading", "BigIntegers", "CKernels"]),
        .target(
            name: "Paillier",
            dependencies: ["Ring", "Threading", "BigIntegers", "CKernels", "CGMP"]),
        .target(
            name: "NeuralNetwork",
            dependencies: ["BigIntegers", "CZlib", "Files", "Threading", protobuf],
            exclude: ["ONNX/Protos"]),
        .target(
            name: "Inference",
            dependencies: ["NeuralNetwork", "RLWE", "Paillier", "Ring", "Threading", "BigIntegers"]),
        .target(
            name: "Wire",
            dependencies: [
                "Inference", "RLWE", "Paillier", "Ring", "NeuralNetwork", "BigIntegers", "CKernels",
                "Files", protobuf,
                .product(name: "Crypto", package: crypto),
            ],
            exclude: ["Protos"]),
        .target(
            name: "Blindsight",
            dependencies: [
                "Wire", "Inference", "NeuralNetwork", "RLWE", "Paillier", "BigIntegers", "Files",
                "Threading",
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
        .executableTarget(
            name: "ClientProbe", dependencies: ["RLWE", "Ring", "BigIntegers"],
            path: "Tests/_ClientProbe"),
        .executableTarget(
            name: "PaillierProbe", dependencies: ["Paillier", "Ring", "BigIntegers", "CGMP"],
            path: "Tests/_PaillierProbe"),
        .executableTarget(
            name: "OperatorConformance", dependencies: ["NeuralNetwork", protobuf],
            path: "Tests/_Conformance"),
        .testTarget(name: "FilesTests", dependencies: ["Files"]),
        .testTarget(name: "ThreadingTests", dependencies: ["Threading"]),
        .testTarget(name: "CKernelsTests", dependencies: ["CKernels", "TestSupport"]),
        .testTarget(name: "BigIntegersTests", dependencies: ["BigIntegers", "TestSupport"]),
        .testTarget(name: "RingTests", dependencies: ["Ring", "CKernels", "TestSupport"]),
        .testTarget(name: "RLWETests", dependencies: ["RLWE", "Threading", "TestSupport"]),
        .testTarget(
            name: "PaillierTests",
            dependencies: ["Paillier", "Threading", "CKernels", "CGMP", "TestSupport"]),
        .testTarget(
            name: "NeuralNetworkTests",
            dependencies: ["NeuralNetwork", "Files", "TestSupport", protobuf]),
        .testTarget(
            name: "InferenceTests",
            dependencies: ["Inference", "NeuralNetwork", "Paillier", "TestSupport"]),
        .testTarget(
            name: "WireTests",
            dependencies: [
                "Wire", "Blindsight", "Inference", "NeuralNetwork", "RLWE", "Paillier", "Files",
                "TestSupport",
                protobuf,
            ]),
    ]
)
