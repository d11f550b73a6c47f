// swift-tools-version: 6.1
import PackageDescription

let package = Package(
    name: "blindsight-service",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "blindsight-serve", targets: ["BlindsightServe"]),
        // What `blindsight ask` runs, and the library that it is made of.
        .executable(name: "blindsight-remote", targets: ["BlindsightRemoteProgram"]),
        .library(name: "BlindsightRemote", targets: ["BlindsightRemote"]),
        .executable(name: "remote-example", targets: ["RemoteExample"]),
        // For Benchmarks/service.py.
        .executable(name: "blindsight-load", targets: ["BlindsightLoad"]),
    ],
    dependencies: [
        .package(name: "blindsight", path: ".."),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0", traits: []),
        .package(url: "https://github.com/grpc/grpc-swift-2", from: "2.4.0"),
        .package(url: "https://github.com/grpc/grpc-swift-nio-transport", from: "2.9.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        .target(
            name: "BlindsightService",
            dependencies: [
                .product(name: "Blindsight", package: "blindsight"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
                .product(name: "GRPCCore", package: "grpc-swift-2"),
                .product(
                    name: "GRPCNIOTransportHTTP2", package: "grpc-swift-nio-transport"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HummingbirdTLS", package: "hummingbird"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]),
        .target(
            name: "BlindsightRemote",
            dependencies: [
                .product(name: "BlindsightClient", package: "blindsight"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ]),
        .executableTarget(
            name: "BlindsightRemoteProgram",
            dependencies: [
                "BlindsightRemote",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        .executableTarget(
            name: "RemoteExample",
            dependencies: [
                "BlindsightRemote", .product(name: "Blindsight", package: "blindsight"),
            ]),
        .executableTarget(
            name: "BlindsightLoad",
            dependencies: [.product(name: "ArgumentParser", package: "swift-argument-parser")]),
        .executableTarget(
            name: "BlindsightServe",
            dependencies: [
                "BlindsightService",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
    ]
)
