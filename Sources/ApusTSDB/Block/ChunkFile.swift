package import ApusStorage
package import ApusSystem

/// The segment files in which a block keeps its chunks: chunks/000001 and so on. (Prometheus,
/// tsdb/chunks/chunks.go.)
///
///     | magic 0x85BD40DD 4 | version 1 | 0 0 0 | chunks |
///     chunk: | length uvarint, at most 5 bytes | encoding 1 | data | crc 4 |
///
/// Fixed integers are big endian; the length is that of the data; the crc covers encoding and
/// data. A reference has the place of the file, counted from 0, in its upper 32 bits and the
/// offset of the chunk in the lower.
package enum ChunkFile {
  package static let directoryName = "chunks"
  static let magic: UInt32 = 0x85BD_40DD
  static let version: UInt8 = 1
  static let headerBytes = 8
  static let lengthBytesMax = 5
  static let checksumBytes = 4
  package static let segmentBytesMax = 512 << 20

  /// `000001` for 0.
  static func name(_ place: Int) -> String { (place + 1).padded(to: 6) }

  static func isName(_ name: String) -> Bool {
    !name.isEmpty && name.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
  }
}

/// Writes the segment files of a new block.
package final class ChunkFileWriter {
  private let directory: String
  private let files: any FileSystem
  private let segmentBytesMax: Int
  private var out: BufferedFile?
  private var place = -1
  /// Bytes in the files that are complete.
  private var closedBytes = 0

  /// - Parameter directory: is made.
  package init(
    directory: String, files: any FileSystem, segmentBytesMax: Int = ChunkFile.segmentBytesMax
  ) throws(StorageError) {
    self.directory = directory
    self.files = files
    self.segmentBytesMax = segmentBytesMax
    try withFiles("create chunks directory") { () throws(PosixError) in
      try files.makeDirectory(directory)
    }
  }

  /// Writes a chunk and returns its reference.
  package func add(encoding: UInt8, _ data: Span<UInt8>) throws(StorageError) -> UInt64 {
    let most = ChunkFile.lengthBytesMax + 1 + data.count + ChunkFile.checksumBytes
    let position = out?.position ?? 0
    if position == 0 || (position > ChunkFile.headerBytes && position + most > segmentBytesMax) {
      try cut()
    }
    let reference = UInt64(place) << 32 | UInt64(out?.position ?? 0)
    try out?.put { $0.uvarint(UInt64(data.count)) }
    let crc = try out?.write {
      $0.u8(encoding)
      $0.append(data)
    }
    try out?.put { $0.be32(crc?.value ?? 0) }
    return reference
  }

  /// Makes all files durable; returns how many bytes they hold.
  package func finish() throws(StorageError) -> Int {
    try closeSegment()
    try withFiles("finish chunks") { () throws(PosixError) in
      try files.syncDirectory(directory)
    }
    return closedBytes
  }

  /// Gives the files up.
  package func abandon() {
    out?.abandon()
    out = nil
  }

  private func cut() throws(StorageError) {
    try closeSegment()
    place += 1
    let path = FilePath.join(directory, ChunkFile.name(place))
    out = try BufferedFile("chunk file", path: path, files: files)
    try out?.put {
      $0.be32(ChunkFile.magic)
      $0.u8(ChunkFile.version)
      $0.append(repeating: 0, count: 3)
    }
  }

  private func closeSegment() throws(StorageError) {
    if let bytes = try out?.finish() { closedBytes += bytes }
    out = nil
  }
}

/// The mapped segment files of a block.
package struct ChunkFileReader: Sendable {
  private let directory: String
  private let segments: [ByteSlice]

  /// - Throws: `corrupt` or `system`, naming the file.
  package init(directory: String, files: any FileSystem) throws(StorageError) {
    self.directory = directory
    let names = try withFiles("list chunk files") { () throws(PosixError) in
      try files.list(directory)
    }
    // By number: 1000000 comes after 999999.
    let ordered = names.filter(ChunkFile.isName).sorted {
      ($0.utf8.count, $0) < ($1.utf8.count, $1)
    }
    var segments: [ByteSlice] = []
    for name in ordered {
      let path = FilePath.join(directory, name)
      let bytes = try withFiles("open chunk file") { () throws(PosixError) in
        try files.map(path)
      }
      do {
        var header = ByteReader(bytes.span)
        let magic = try header.be32()
        guard magic == ChunkFile.magic else {
          throw Malformed("invalid magic number \(String(magic, radix: 16))")
        }
        let version = try header.u8()
        guard version == ChunkFile.version else {
          throw Malformed("invalid chunk format version \(version)")
        }
      } catch {
        throw StorageError(
          .corrupt,
          "chunk file \(path): \(error). Restore the block, or move its directory aside.")
      }
      segments.append(bytes)
    }
    self.segments = segments
  }

  package var sizeBytes: Int { segments.reduce(0) { $0 + $1.count } }

  /// A chunk in its file.
  package struct Location: Sendable {
    package let encoding: UInt8
    /// The file's bytes; `range` of them is the chunk's data.
    package let file: ByteSlice
    package let range: Range<Int>
  }

  /// Finds a chunk and checks its checksum.
  /// - Throws: `corrupt`, naming directory and reference.
  package func chunk(_ reference: UInt64) throws(StorageError) -> Location {
    let place = Int(reference >> 32)
    let offset = Int(reference & 0xFFFF_FFFF)
    do {
      guard place < segments.count else { throw Malformed("there is no such file") }
      let file = segments[place]
      guard offset >= ChunkFile.headerBytes, offset < file.count else {
        throw Malformed("it lies outside of the file")
      }
      let bytes = file.span
      var reader = ByteReader(bytes, at: offset)
      let length = try reader.uvarint()
      guard length <= UInt64(Int32.max), reader.offset - offset <= ChunkFile.lengthBytesMax else {
        throw Malformed("its length is invalid")
      }
      let start = reader.offset
      let covered = try reader.slice(Int(length) + 1)
      guard try reader.be32() == CRC32C.of(covered) else {
        throw Malformed("checksum did not match")
      }
      return Location(
        encoding: covered[0], file: file, range: (start + 1)..<(start + 1 + Int(length)))
    } catch {
      throw StorageError(
        .corrupt,
        "chunk at offset \(offset) of \(directory)/\(ChunkFile.name(min(place, 999_999_999))): "
          + "\(error). Restore the block, or move its directory aside.")
    }
  }
}
