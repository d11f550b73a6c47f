// swift-tools-version: 6.1
import PackageDescription

let crypto = "swift-crypto"
let hashes: Target.Dependency = .product(name: "Crypto", package: crypto)
let ciphers: Target.Dependency = .product(name: "CryptoExtras", package: crypto)
let protobuf: Target.Dependency = .product(name: "SwiftProtobuf", package: "swift-protobuf")
let arguments: Target.Dependency = .product(
    name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
    name: "blindsight",
    platforms: [.macOS(.v15)],
    products: [
        // The first of each has the names that programs use most; the others may be imported for more.
        .library(
            name: "Blindsight",
            targets: [
                "Blindsight", "Inference", "InferenceClient", "Quantization", "IntegerNetworks",
                "Samples", "Files", "BigIntegers",
            ]),
        .library(
            name: "BlindsightClient",
            targets: [
                "BlindsightClient", "InferenceClient", "IntegerNetworks", "Files", "BigIntegers",
            ]),
        .library(name: "BFV", targets: ["BFV", "Lattice", "BigIntegers"]),
        .library(name: "Paillier", targets: ["Paillier", "BigIntegers"]),
        .executable(name: "blindsight", targets: ["BlindsightCLI"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
        // Without its traits, which bring all of Foundation and with it 40 MB.
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0", traits: []),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    ],
    targets: [
        // Systems and arithmetic.
        .systemLibrary(
            name: "CGMP", pkgConfig: "gmp", providers: [.apt(["libgmp-dev"]), .brew(["gmp"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .target(name: "CKernels"),
        .target(name: "Files"),
        .target(name: "Threading", dependencies: ["CKernels"]),
        .target(name: "BigIntegers", dependencies: ["CGMP"]),
        .target(
            name: "Ring",
            dependencies: ["Threading", "BigIntegers", "CKernels", hashes, ciphers]),
        // Schemes.
        .target(name: "Lattice", dependencies: ["Ring", "Threading", "BigIntegers", "CKernels"]),
        .target(
            name: "BFV", dependencies: ["Lattice", "Ring", "Threading", "BigIntegers", "CKernels"]),
        .target(
            name: "Paillier",
            dependencies: ["Ring", "Threading", "BigIntegers", "CKernels", "CGMP"]),
        // Networks: no cryptography.
        .target(name: "IntegerNetworks", dependencies: ["Threading", "BigIntegers"]),
        .target(name: "Samples", dependencies: ["Files", "CZlib"]),
        .target(name: "PolynomialFitting", dependencies: ["Threading", "BigIntegers"]),
        .target(name: "TensorGraphs", dependencies: ["IntegerNetworks"]),
        .target(
            name: "ONNXModels",
            dependencies: ["TensorGraphs", "IntegerNetworks", "Samples", "Files", protobuf],
            exclude: ["Protos"]),
        .target(
            name: "Quantization",
            dependencies: [
                "ONNXModels", "TensorGraphs", "PolynomialFitting", "IntegerNetworks", "Samples",
                "Threading", "BigIntegers",
            ]),
        // Where networks meet ciphertexts.
        .target(name: "Wire", dependencies: ["Files", "CKernels", hashes, ciphers]),
        .target(
            name: "InferenceClient",
            dependencies: [
                "Wire", "BFV", "Lattice", "Paillier", "Ring", "TensorGraphs", "IntegerNetworks",
                "Files", "Threading", "BigIntegers", "CKernels", protobuf,
            ],
            exclude: ["Protos"]),
        .target(
            name: "Inference",
            dependencies: [
                "InferenceClient", "Wire", "BFV", "Lattice", "Paillier", "Ring", "TensorGraphs",
                "IntegerNetworks", "Files", "Threading", "BigIntegers", "CKernels", protobuf,
            ]),
        // What a program imports.
        .target(
            name: "BlindsightClient", dependencies: ["InferenceClient"]),
        .target(
            name: "Blindsight",
            dependencies: [
                "Inference", "InferenceClient", "Quantization", "ONNXModels", "TensorGraphs",
                "IntegerNetworks", "Samples", "Files", "Threading", "BigIntegers",
            ]),
        // The command line.
        .target(
            name: "BlindsightCommands",
            dependencies: [
                "Blindsight", "Inference", "InferenceClient", "Quantization", "ONNXModels",
                "TensorGraphs", "IntegerNetworks", "Samples", "Wire", "Paillier", "Ring", "Files",
                "Threading", "BigIntegers", arguments,
            ]),
        .executableTarget(name: "BlindsightCLI", dependencies: ["BlindsightCommands", arguments]),
        // For other languages: a C interface, which Python's package is linked from.
        .target(
            name: "BlindsightC",
            dependencies: [
                "BlindsightCommands", "Blindsight", "Inference", "InferenceClient", "Quantization",
                "ONNXModels", "TensorGraphs", "IntegerNetworks", "Samples", "Wire", "Paillier",
                "Files", "Threading", "BigIntegers",
            ], exclude: ["include"]),
        // Tests.
        .target(
            name: "TestSupport",
            dependencies: ["BigIntegers", "TensorGraphs", "IntegerNetworks", "Samples"],
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
            name: "OperatorConformance",
            dependencies: ["ONNXModels", "TensorGraphs", "IntegerNetworks", "Samples", protobuf],
            path: "Tests/_Conformance"),
        .executableTarget(name: "MutantRunner", path: "Tests/_Mutants"),
        .target(
            name: "FuzzTargets",
            dependencies: [
                "Inference", "InferenceClient", "Quantization", "ONNXModels", "TensorGraphs",
                "IntegerNetworks", "Samples", "Wire", "BFV", "Lattice", "Paillier", "Files",
            ], path: "Tests/_FuzzTargets"),
        .target(name: "Driver", path: "Fuzz/Driver"),
        .executableTarget(
            name: "fuzz", dependencies: ["FuzzTargets", "Driver", "Files"], path: "Fuzz/Fuzz"),
        .testTarget(name: "FuzzTests", dependencies: ["FuzzTargets", "Files", "Wire"]),
        .testTarget(name: "CKernelsTests", dependencies: ["CKernels", "TestSupport"]),
        .testTarget(name: "BigIntegersTests", dependencies: ["BigIntegers", "TestSupport"]),
        .testTarget(name: "RingTests", dependencies: ["Ring", "CKernels", "TestSupport", hashes]),
        .testTarget(
            name: "LatticeTests", dependencies: ["Lattice", "Ring", "Threading", "BigIntegers"]),
        .testTarget(
            name: "BFVTests",
            dependencies: [
                "BFV", "Lattice", "Ring", "Threading", "BigIntegers", "Oracle", "TestSupport",
            ]),
        .testTarget(
            name: "PaillierTests",
            dependencies: [
                "Paillier", "Ring", "Threading", "BigIntegers", "CKernels", "CGMP", "TestSupport",
            ]),
        .testTarget(name: "WireTests", dependencies: ["Wire", "Files", "TestSupport"]),
        .testTarget(
            name: "InferenceFileTests",
            dependencies: [
                "Inference", "InferenceClient", "Wire", "BFV", "Lattice", "Paillier",
                "TensorGraphs", "IntegerNetworks", "Files", "BigIntegers", "CKernels",
                "TestSupport", "FuzzTargets", protobuf, hashes,
            ]),
        .testTarget(
            name: "NeuralNetworkTests",
            dependencies: [
                "Blindsight", "Inference", "Quantization", "ONNXModels", "TensorGraphs",
                "PolynomialFitting", "IntegerNetworks", "Samples", "BigIntegers", "TestSupport",
                protobuf,
            ]),
        .testTarget(
            name: "InferenceTests",
            dependencies: [
                "Inference", "InferenceClient", "Wire", "BFV", "Lattice", "Paillier",
                "Quantization", "ONNXModels", "TensorGraphs", "IntegerNetworks", "Samples",
                "Threading", "BigIntegers", "TestSupport",
            ]),
        .testTarget(
            name: "CommandTests",
            dependencies: [
                "BlindsightCommands", "Blindsight", "Inference", "InferenceClient",
                "TensorGraphs", "IntegerNetworks", "Wire", "Files", "Threading", "BigIntegers",
                arguments,
            ]),
        .testTarget(
            name: "FilesTests", dependencies: ["Files", "TestSupport"]),
        .testTarget(name: "ThreadingTests", dependencies: ["Threading", "TestSupport"]),
    ]
)
