// swift-tools-version:6.2
import PackageDescription

// Warnings are errors in CI, so that none is ever left behind.
let isCI = Context.environment["CI"] != nil

/// What every Swift target of Apus is built with.
let plain: [SwiftSetting] =
  [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableExperimentalFeature("Lifetimes"),
  ] + (isCI ? [.treatAllWarnings(as: .error)] : [])

/// The same, optimized across targets: for all libraries.
let strict: [SwiftSetting] =
  plain + [
    .unsafeFlags(
      ["-cross-module-optimization", "-enforce-exclusivity=unchecked"],
      .when(configuration: .release))
  ]

/// One library target of the house, under Sources/, with its test target under Tests/.
func room(_ name: String, _ dependencies: [Target.Dependency], tests: [Target.Dependency] = [])
  -> [Target]
{
  [
    .target(name: name, dependencies: dependencies, swiftSettings: strict),
    .testTarget(
      name: "\(name)Tests",
      dependencies: [.target(name: name)] + dependencies + tests,
      swiftSettings: strict),
  ]
}

let yams: Target.Dependency = .product(name: "Yams", package: "Yams")
let log: Target.Dependency = .product(name: "Logging", package: "swift-log")
let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let nioTLS: Target.Dependency = .product(name: "NIOTLS", package: "swift-nio")
let nioFoundation: Target.Dependency = .product(
  name: "NIOFoundationCompat", package: "swift-nio")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let asyncHTTPClient: Target.Dependency = .product(
  name: "AsyncHTTPClient", package: "async-http-client")
let nioEmbedded: Target.Dependency = .product(name: "NIOEmbedded", package: "swift-nio")
let lifecycle: Target.Dependency = .product(
  name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals: Target.Dependency = .product(
  name: "UnixSignals", package: "swift-service-lifecycle")
let argumentParser: Target.Dependency = .product(
  name: "ArgumentParser", package: "swift-argument-parser")

// The arrows: a target may only name targets of a lower level (docs/ARCHITECTURE.md).
let machine: [Target] =
  [
    .systemLibrary(name: "CLZ4"),
    .systemLibrary(name: "CZlib"),
    .systemLibrary(name: "CSnappy"),
    .systemLibrary(name: "CZstd"),
    .target(
      name: "CRE2", cxxSettings: [.unsafeFlags(["-std=c++17"])],
      linkerSettings: [.linkedLibrary("re2")]),
    .target(name: "CIntrinsics"),
  ]
  + room("ApusSystem", ["CLZ4", "CZlib", "CSnappy", "CZstd", "CRE2", "CIntrinsics"])
  + room("ApusTelemetry", [log])

let nouns: [Target] = room("ApusModel", ["ApusSystem"])

let languages: [Target] =
  room("ApusConfig", ["ApusModel", "ApusSystem", yams])
  + room("ApusExposition", ["ApusModel", "ApusSystem"], tests: ["ApusTesting"])
  + room("ApusStorage", ["ApusModel"])
  + room("ApusPromQLSyntax", ["ApusModel", "ApusSystem"])
  + room("ApusTemplate", ["ApusModel", "ApusSystem"])

let engines: [Target] =
  room(
    "ApusHTTP",
    ["ApusConfig", "ApusSystem", "ApusTelemetry"]
      + [nioCore, nioPosix, nioHTTP1, nioFoundation, nioSSL, crypto, asyncHTTPClient],
    tests: ["ApusTesting"])
  + room(
    "ApusTSDB", ["ApusStorage", "ApusModel", "ApusSystem", "ApusTelemetry", "CIntrinsics"],
    tests: ["ApusTesting", log])
  + room(
    "ApusPromQL",
    ["ApusPromQLSyntax", "ApusStorage", "ApusModel", "ApusSystem", "ApusTelemetry"],
    tests: ["ApusTesting", log])

let movingParts: [Target] =
  room(
    "ApusDiscovery",
    ["ApusHTTP", "ApusConfig", "ApusModel", "ApusSystem", "ApusTelemetry", nioCore, nioPosix],
    tests: ["ApusTesting"])
  + room(
    "ApusScrape",
    ["ApusHTTP", "ApusExposition", "ApusConfig", "ApusStorage", "ApusModel", "ApusSystem"]
      + ["ApusTelemetry"],
    tests: ["ApusTesting"])
  + room(
    "ApusRules",
    ["ApusPromQL", "ApusPromQLSyntax", "ApusTemplate", "ApusConfig", "ApusStorage"]
      + ["ApusModel", "ApusSystem", "ApusTelemetry"],
    tests: ["ApusTesting"])
  + room(
    "ApusNotify", ["ApusHTTP", "ApusConfig", "ApusModel", "ApusSystem", "ApusTelemetry"],
    tests: ["ApusTesting"])
  + room(
    "ApusRemote",
    ["ApusHTTP", "ApusConfig", "ApusStorage", "ApusModel", "ApusSystem", "ApusTelemetry"],
    tests: ["ApusTesting"])

let face: [Target] =
  room(
    "ApusWeb",
    ["ApusDiscovery", "ApusScrape", "ApusRules", "ApusNotify", "ApusRemote", "ApusPromQL"]
      + ["ApusPromQLSyntax", "ApusExposition", "ApusTemplate", "ApusConfig", "ApusStorage"]
      + ["ApusModel", "ApusSystem", "ApusTelemetry", "ApusHTTP"]
      + [nioCore, nioPosix, nioHTTP1, nioTLS, nioSSL, log],
    tests: ["ApusTesting", nioEmbedded])
  + room(
    "ApusServer",
    ["ApusWeb", "ApusTSDB", "ApusDiscovery", "ApusScrape", "ApusRules", "ApusNotify"]
      + ["ApusRemote", "ApusHTTP", "ApusPromQL", "ApusPromQLSyntax", "ApusExposition"]
      + ["ApusTemplate", "ApusConfig", "ApusStorage", "ApusModel", "ApusSystem"]
      + ["ApusTelemetry", lifecycle, unixSignals, log],
    tests: ["ApusTesting"])
  + [
    .executableTarget(
      name: "apus", dependencies: ["ApusServer", "ApusSystem"], swiftSettings: plain),
    .executableTarget(
      name: "apustool",
      dependencies: [
        "ApusTSDB", "ApusPromQL", "ApusPromQLSyntax", "ApusRules", "ApusScrape",
        "ApusDiscovery", "ApusTemplate", "ApusHTTP", "ApusExposition", "ApusConfig",
        "ApusStorage", "ApusModel", "ApusSystem", "ApusTelemetry", argumentParser,
      ],
      swiftSettings: plain),
    .testTarget(
      name: "apustoolTests",
      dependencies: [
        "apustool", "ApusTesting", "ApusTSDB", "ApusConfig", "ApusModel", "ApusSystem",
      ],
      swiftSettings: strict),
  ]

let tests: [Target] = [
  .target(
    name: "ApusTesting",
    dependencies: [
      "ApusHTTP", "ApusPromQL", "ApusPromQLSyntax", "ApusConfig", "ApusStorage", "ApusModel",
      "ApusSystem", nioCore, nioPosix, nioHTTP1,
    ],
    swiftSettings: strict),
  .testTarget(
    name: "ComplianceTests",
    dependencies: [
      "ApusTesting", "ApusPromQL", "ApusPromQLSyntax", "ApusTSDB", "ApusStorage", "ApusModel",
      "ApusSystem",
    ],
    swiftSettings: strict),
  .testTarget(
    name: "SimulationTests",
    dependencies: [
      "ApusTesting", "ApusTSDB", "ApusStorage", "ApusModel", "ApusSystem", "ApusTelemetry",
    ],
    swiftSettings: strict),
  .testTarget(name: "TidyTests", swiftSettings: strict),
]

// `APUS_BENCHMARKS=1 swift run -c release StoreBench`: what costs how much, measured.
let benchmarks: [Target] =
  Context.environment["APUS_BENCHMARKS"] == nil
  ? []
  : [
    .executableTarget(
      name: "StoreBench",
      dependencies: ["ApusTSDB", "ApusStorage", "ApusModel", "ApusSystem", "ApusTelemetry"],
      path: "Benchmarks/StoreBench", swiftSettings: plain),
    .executableTarget(
      name: "PeerLoad", dependencies: ["ApusModel", "ApusSystem"], path: "Benchmarks/PeerLoad",
      swiftSettings: plain),
  ]

/// The named targets and all that they need.
func closure(of names: [String], in targets: [Target]) -> [Target] {
  var wanted = Set(names)
  var open = names
  while let name = open.popLast() {
    guard let target = targets.first(where: { $0.name == name }) else { continue }
    for dependency in target.dependencies {
      switch dependency {
      case .byNameItem(let needed, _), .targetItem(let needed, _):
        if wanted.insert(needed).inserted { open.append(needed) }
      default: continue
      }
    }
  }
  return targets.filter { wanted.contains($0.name) }
}

// `APUS_ROOM=ApusTSDB swift test` builds and tests one room and what lies below it;
// `APUS_ROOM=ApusTSDB,Simulation` two of them.
let house = machine + nouns + languages + engines + movingParts + face + tests + benchmarks
let room = Context.environment["APUS_ROOM"]
let rooms = (room ?? "").split(separator: ",").flatMap { ["\($0)Tests", String($0)] }
let targets = room == nil ? house : closure(of: rooms, in: house)

let package = Package(
  name: "apus",
  products: room == nil
    ? [
      .executable(name: "apus", targets: ["apus"]),
      .executable(name: "apustool", targets: ["apustool"]),
    ] : [],
  dependencies: [
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
  ],
  targets: targets,
  cxxLanguageStandard: .cxx17
)
