package import ApusStorage
package import ApusSystem

/// meta.json, laid out as Prometheus lays it out; members with an empty value are left out where
/// Prometheus leaves them out.
extension BlockMeta {
  package static let fileName = "meta.json"
  static let version = 1

  /// As Prometheus writes it.
  package func encode() -> [UInt8] { Array(MetaJSON.text(.object(members + unknown)).utf8) }

  /// The same with a checksum in a member of its own, which others pass over: a flipped digit of a
  /// time would hide samples, or have the head give up those that no block holds.
  package func sealed() -> [UInt8] {
    let seal = MetaJSON.Member(
      key: Self.sealKey,
      value: .object([.init(key: Self.checksumKey, value: .string(checksum))]))
    return Array(MetaJSON.text(.object(members + [seal] + unknown)).utf8)
  }

  private static let sealKey = "apus"
  private static let checksumKey = "crc32c"

  private var members: [MetaJSON.Member] {
    [
      .init(key: "ulid", value: .string(ulid.description)),
      .init(key: "minTime", value: .number("\(minTimeMs)")),
      .init(key: "maxTime", value: .number("\(maxTimeMs)")),
      .init(key: "stats", value: .object(stats.members)),
      .init(key: "compaction", value: .object(compaction.members)),
      .init(key: "version", value: .number("\(Self.version)")),
    ]
  }

  /// Of what the members say, however they are laid out.
  private var checksum: String {
    let text = Array(MetaJSON.text(.object(members)).utf8)
    return String(CRC32C.of(text.span), radix: 16)
  }

  /// - Throws: `corrupt`, naming `path`.
  package static func decode(_ bytes: [UInt8], path: String) throws(StorageError) -> BlockMeta {
    do {
      return try decode(MetaJSON.parse(bytes))
    } catch {
      throw StorageError(
        .corrupt,
        "block meta file \(path): \(error). Restore it, or move the block's directory aside.")
    }
  }

  /// Reads the meta.json of the block in `directory`.
  package static func read(
    _ directory: String, files: any FileSystem
  ) throws(StorageError) -> BlockMeta {
    let path = FilePath.join(directory, fileName)
    let bytes = try withFiles("read block meta") { () throws(PosixError) in try files.read(path) }
    return try decode(bytes, path: path)
  }

  /// Replaces the meta.json in `directory`: readers see the old one or the new one.
  package func write(_ directory: String, files: any FileSystem) throws(StorageError) {
    let bytes = sealed()
    try withFiles("write block meta") { () throws(PosixError) in
      try files.replace(FilePath.join(directory, Self.fileName), bytes)
    }
  }

  private static let known = [
    "ulid", "minTime", "maxTime", "stats", "compaction", "version", sealKey,
  ]

  private static func decode(_ json: MetaJSON.Value) throws -> BlockMeta {
    guard case .object(let members) = json else { throw Malformed("an object is wanted") }
    let found = try json.integer("version")
    guard found == Int64(version) else { throw Malformed("unexpected meta file version \(found)") }
    var meta = BlockMeta(
      ulid: try json.ulid("ulid"),
      minTimeMs: try json.integer("minTime"),
      maxTimeMs: try json.integer("maxTime"))
    guard meta.minTimeMs <= meta.maxTimeMs, meta.minTimeMs > -Limits.blockTimeMsMax,
      meta.maxTimeMs < Limits.blockTimeMsMax
    else { throw Malformed("minTime \(meta.minTimeMs) and maxTime \(meta.maxTimeMs) are no range") }
    if let stats = json["stats"] { meta.stats = try Stats(stats) }
    if let compaction = json["compaction"] { meta.compaction = try Compaction(compaction) }
    meta.unknown = members.filter { !known.contains($0.key) }
    if case .string(let checksum) = json[sealKey]?[checksumKey], checksum != meta.checksum {
      throw Malformed(
        "checksum did not match (if it was changed on purpose, remove its member \"apus\")")
    }
    return meta
  }
}

extension BlockMeta.Stats {
  fileprivate var members: [MetaJSON.Member] {
    [
      ("numSamples", sampleCount), ("numFloatSamples", floatSampleCount),
      ("numHistogramSamples", histogramSampleCount), ("numSeries", seriesCount),
      ("numChunks", chunkCount), ("numTombstones", tombstoneCount),
    ].filter { $0.1 > 0 }.map { .init(key: $0.0, value: .number("\($0.1)")) }
  }

  fileprivate init(_ json: MetaJSON.Value) throws(Malformed) {
    sampleCount = try json.count("numSamples")
    floatSampleCount = try json.count("numFloatSamples")
    histogramSampleCount = try json.count("numHistogramSamples")
    seriesCount = try json.count("numSeries")
    chunkCount = try json.count("numChunks")
    tombstoneCount = try json.count("numTombstones")
  }
}

extension BlockMeta.Compaction {
  fileprivate var members: [MetaJSON.Member] {
    var members: [MetaJSON.Member] = [.init(key: "level", value: .number("\(level)"))]
    if !sources.isEmpty {
      members.append(
        .init(key: "sources", value: .array(sources.map { .string($0.description) })))
    }
    if isDeletable { members.append(.init(key: "deletable", value: .bool(true))) }
    if !parents.isEmpty {
      let values = parents.map { parent in
        MetaJSON.Value.object([
          .init(key: "ulid", value: .string(parent.ulid.description)),
          .init(key: "minTime", value: .number("\(parent.minTimeMs)")),
          .init(key: "maxTime", value: .number("\(parent.maxTimeMs)")),
        ])
      }
      members.append(.init(key: "parents", value: .array(values)))
    }
    if isFailed { members.append(.init(key: "failed", value: .bool(true))) }
    if !hints.isEmpty {
      members.append(.init(key: "hints", value: .array(hints.map { .string($0) })))
    }
    return members
  }

  fileprivate init(_ json: MetaJSON.Value) throws(Malformed) {
    level = Int(max(0, min(try json.integer("level"), Int64(Int32.max))))
    sources = []
    for item in try json.array("sources") { sources.append(try item.ulid()) }
    isDeletable = try json.bool("deletable")
    parents = []
    for item in try json.array("parents") {
      parents.append(
        .init(
          ulid: try item.ulid("ulid"), minTimeMs: try item.integer("minTime"),
          maxTimeMs: try item.integer("maxTime")))
    }
    isFailed = try json.bool("failed")
    hints = []
    for item in try json.array("hints") {
      guard case .string(let hint) = item else { throw Malformed("hints must be strings") }
      hints.append(hint)
    }
  }
}

/// Members by type. A missing one, or null, is the empty value, as in Go.
extension MetaJSON.Value {
  fileprivate func present(_ key: String) -> MetaJSON.Value? {
    guard let value = self[key], value != .null else { return nil }
    return value
  }

  fileprivate func integer(_ key: String) throws(Malformed) -> Int64 {
    guard let value = present(key) else { return 0 }
    guard case .number(let text) = value, let number = Int64(text) else {
      throw Malformed("\(key) must be an integer")
    }
    return number
  }

  fileprivate func count(_ key: String) throws(Malformed) -> UInt64 {
    guard let value = present(key) else { return 0 }
    guard case .number(let text) = value, let number = UInt64(text) else {
      throw Malformed("\(key) must be an integer, not negative")
    }
    return number
  }

  fileprivate func bool(_ key: String) throws(Malformed) -> Bool {
    guard let value = present(key) else { return false }
    guard case .bool(let flag) = value else { throw Malformed("\(key) must be true or false") }
    return flag
  }

  fileprivate func array(_ key: String) throws(Malformed) -> [MetaJSON.Value] {
    guard let value = present(key) else { return [] }
    guard case .array(let items) = value else { throw Malformed("\(key) must be a list") }
    return items
  }

  fileprivate func ulid(_ key: String) throws(Malformed) -> ULID {
    guard let value = present(key) else { throw Malformed("\(key) is missing") }
    return try value.ulid()
  }

  fileprivate func ulid() throws(Malformed) -> ULID {
    guard case .string(let text) = self, let ulid = ULID(text) else {
      throw Malformed("a ULID of 26 characters is wanted")
    }
    return ulid
  }
}
