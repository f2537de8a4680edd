internal import ApusStorage
internal import ApusSystem

/// A new file that is written in large pieces.
struct BufferedFile: ~Copyable {
  private let file: any AppendFile
  private let what: String
  private var buffer = ByteWriter(capacityBytes: BufferedFile.pieceBytes * 2)

  /// Bytes that are in the file.
  private var flushedBytes = 0

  /// Few enough to be in the processor's cache still when the system copies them.
  static let pieceBytes = 256 << 10

  /// - Parameter what: names the file in errors, such as `index`.
  init(_ what: String, path: String, files: any FileSystem) throws(StorageError) {
    self.what = what
    file = try withFiles("create \(what)") { () throws(PosixError) in
      try files.create(path, .written)
    }
  }

  /// Bytes written so far.
  var position: Int { flushedBytes &+ buffer.count }

  /// Lets `body` append up to some hundred KiB, and returns the checksum continued over it.
  mutating func write(
    _ crc: CRC32C = CRC32C(), _ body: (inout ByteWriter) -> Void
  ) throws(StorageError) -> CRC32C {
    let start = buffer.count
    body(&buffer)
    var crc = crc
    crc.add(buffer.span.extracting(start..<buffer.count))
    if buffer.count >= Self.pieceBytes { try flush() }
    return crc
  }

  /// Writes without asking for a checksum.
  mutating func put(_ body: (inout ByteWriter) -> Void) throws(StorageError) {
    body(&buffer)
    if buffer.count >= Self.pieceBytes { try flush() }
  }

  /// Writes a length, as a uvarint, the bytes and their checksum.
  mutating func putFramed(_ bytes: borrowing ByteWriter) throws(StorageError) {
    buffer.uvarintBytes(bytes.span)
    buffer.be32(CRC32C.of(bytes.span))
    if buffer.count >= Self.pieceBytes { try flush() }
  }

  mutating func pad(to alignment: Int) throws(StorageError) {
    let rest = position % alignment
    if rest != 0 { buffer.append(repeating: 0, count: alignment - rest) }
  }

  mutating func flush() throws(StorageError) {
    guard !buffer.isEmpty else { return }
    do throws(PosixError) {
      try file.append(buffer.span)
    } catch {
      throw .files(error, "write \(what)")
    }
    flushedBytes += buffer.count
    buffer.removeAll()
  }

  /// Makes the file durable and closes it; returns its length.
  mutating func finish() throws(StorageError) -> Int {
    try flush()
    do throws(PosixError) {
      try file.sync()
      try file.close()
    } catch {
      throw .files(error, "finish \(what)")
    }
    return file.lengthBytes
  }

  func abandon() { try? file.close() }
}
