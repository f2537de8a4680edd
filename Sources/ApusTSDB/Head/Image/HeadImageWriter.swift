internal import ApusSystem

/// Writes an image section by section, beside the one that is there; `publish` puts it in its
/// place. Format: HeadImageFormat.
final class HeadImageWriter {
  private let files: any FileSystem
  private let directory: String
  private let file: any AppendFile
  private var table = ByteWriter()
  private var isFirstPiece = true

  private var path: String { FilePath.join(directory, HeadImageFormat.fileName) }
  private var besidePath: String { path + ".tmp" }

  /// - Parameter directory: made where it is missing.
  init(files: any FileSystem, directory: String) throws(PosixError) {
    self.files = files
    self.directory = directory
    try files.makeDirectory(directory)
    let beside = FilePath.join(directory, HeadImageFormat.fileName + ".tmp")
    file = try files.create(beside, .written)
    var header = ByteWriter()
    header.be64(HeadImageFormat.magic)
    header.be32(HeadImageFormat.version)
    header.be64(HeadImageFormat.layout)
    header.be32(CRC32C.of(header.span))
    try file.append(header.span)
  }

  /// Begins a section.
  func begin() { isFirstPiece = true }

  /// A piece of a section, `HeadImageFormat.pieceBytes` at most.
  func add(_ section: HeadImageFormat.Section, piece bytes: Span<UInt8>) throws(PosixError) {
    isFirstPiece = false
    table.u8(section.rawValue)
    table.be64(UInt64(file.lengthBytes))
    table.be64(UInt64(bytes.count))
    table.be32(CRC32C.of(bytes))
    try file.append(bytes)
  }

  /// Ends a section; one without pieces gets an empty one.
  func end(_ section: HeadImageFormat.Section) throws(PosixError) {
    if isFirstPiece { try add(section, piece: Span()) }
  }

  func add(
    _ section: HeadImageFormat.Section, _ bytes: Span<UInt8>
  ) throws(PosixError) {
    begin()
    for start in stride(from: 0, to: bytes.count, by: HeadImageFormat.pieceBytes) {
      let end = min(start + HeadImageFormat.pieceBytes, bytes.count)
      try add(section, piece: bytes.extracting(start..<end))
    }
    try end(section)
  }

  /// Numbers as a section, in the machine's order.
  func add(
    _ section: HeadImageFormat.Section, _ words: [UInt64]
  ) throws(PosixError) {
    try MachineWords.withBytes(words) { bytes throws(PosixError) in try add(section, bytes) }
  }

  /// Elements of a column as a section.
  func add<Element: BitwiseCopyable>(
    _ section: HeadImageFormat.Section, _ copy: ColumnCopy<Element>
  ) throws(PosixError) {
    try add(section, copy.column.bytes(0..<copy.count))
  }

  /// Ends the image, under its temporary name. Nothing waits for the disk: what a loss of power
  /// leaves of an image that was not durable yet is told by its checksums, and the log by itself.
  func finish() throws(PosixError) {
    var end = ByteWriter()
    end.append(table.span)
    end.be32(CRC32C.of(table.span))
    end.be32(UInt32(table.count))
    end.be64(HeadImageFormat.endMagic)
    try file.append(end.span)
    try file.close()
  }

  var sizeBytes: Int { file.lengthBytes }

  /// Removes what was written; the image before stays.
  func discard() {
    try? file.close()
    try? files.remove(besidePath)
  }

  /// Puts the finished image in the place of the one before.
  func publish() throws(PosixError) {
    try files.rename(besidePath, to: path)
  }
}
