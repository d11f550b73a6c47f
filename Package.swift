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
        .target(name: "BigIntegers", dependencies: ["CGMP"]),
        .target(
            name: "Ring",
            dependencies: [
                "BigIntegers", "CKernels", .product(name: "Crypto", package: crypto),
                .product(name: "CryptoExtras", package: crypto),
            ]),
        .target(name: "RLWE", dependencies: ["Ring", "BigIntegers", "CKernels"]),
        .target(name: "Paillier", dependencies: ["Ring", "BigIntegers", "CKernels", "CGMP"]),
        .target(name: "Samples", dependencies: ["CZlib"]),
        .target(name: "IntegerNetworks", dependencies: ["BigIntegers"]),
        .target(name: "PolynomialFitting", dependencies: ["BigIntegers"]),
        .target(name: "TensorGraphs", dependencies: ["IntegerNetworks"]),
        .target(
            name: "ONNXModels",
            dependencies: ["TensorGraphs", "IntegerNetworks", "Samples", protobuf],
            exclude: ["Protos"]),
        .target(
            name: "Quantization",
            dependencies: [
                "ONNXModels", "TensorGraphs", "PolynomialFitting", "IntegerNetworks", "Samples",
                "BigIntegers",
            ]),
        .target(
            name: "Inference",
            dependencies: ["IntegerNetworks", "RLWE", "Paillier", "Ring", "BigIntegers"]),
        .target(
            name: "Wire",
            dependencies: [
                "Inference", "RLWE", "Paillier", "Ring", "ONNXModels", "IntegerNetworks",
                "BigIntegers", "CKernels", protobuf,
                .product(name: "Crypto", package: crypto),
            ],
            exclude: ["Protos"]),
        .target(
            name: "Blindsight",
            dependencies: [
                "Wire", "Inference", "Quantization", "ONNXModels", "TensorGraphs",
                "PolynomialFitting",
                "IntegerNetworks", "Samples", "RLWE", "Paillier", "BigIntegers",
            ]),
        .executableTarget(
            name: "BlindsightCLI",
            dependencies: [
                "Blindsight",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        .target(
            name: "TestSupport",
            dependencies: ["BigIntegers", "TensorGraphs", "IntegerNetworks", "Samples"],
            path: "Tests/_TestSupport"),
        .executableTarget(
            name: "ClientProbe", dependencies: ["RLWE", "Ring", "BigIntegers"],
            path: "Tests/_ClientProbe"),
        .executableTarget(
            name: "PaillierProbe", dependencies: ["Paillier", "Ring", "BigIntegers", "CGMP"],
            path: "Tests/_PaillierProbe"),
        .executableTarget(
            name: "OperatorConformance",
            dependencies: ["ONNXModels", "TensorGraphs", "Samples", protobuf],
            path: "Tests/_Conformance"),
        .testTarget(name: "CKernelsTests", dependencies: ["CKernels", "TestSupport"]),
        .testTarget(name: "BigIntegersTests", dependencies: ["BigIntegers", "TestSupport"]),
        .testTarget(name: "RingTests", dependencies: ["Ring", "CKernels", "TestSupport"]),
        .testTarget(name: "RLWETests", dependencies: ["RLWE", "TestSupport"]),
        .testTarget(
            name: "PaillierTests", dependencies: ["Paillier", "CKernels", "CGMP", "TestSupport"]),
        .testTarget(
            name: "NeuralNetworkTests",
            dependencies: [
                "Quantization", "ONNXModels", "TensorGraphs", "PolynomialFitting",
                "IntegerNetworks", "Samples", "BigIntegers",
                "TestSupport", protobuf,
            ]),
        .testTarget(
            name: "InferenceTests",
            dependencies: [
                "Inference", "Quantization", "ONNXModels", "IntegerNetworks", "Samples", "Paillier",
                "TestSupport",
            ]),
        .testTarget(
            name: "WireTests",
            dependencies: [
                "Wire", "Blindsight", "Inference", "Quantization", "ONNXModels", "IntegerNetworks",
                "Samples", "RLWE", "Paillier", "TestSupport", protobuf,
            ]),
    ]
)
