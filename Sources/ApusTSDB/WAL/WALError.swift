package import ApusSystem

/// Where a log stops making sense.
package struct WALCorruption: Error, Sendable, Equatable, CustomStringConvertible {
  package let directory: String
  package let segment: Int
  /// Bytes of the segment that are good: the end of its last good record.
  package let offset: Int
  package let reason: String

  package init(directory: String, segment: Int, offset: Int, reason: String) {
    self.directory = directory
    self.segment = segment
    self.offset = offset
    self.reason = reason
  }

  /// In Prometheus's words.
  package var description: String {
    "corruption in segment \(FilePath.join(directory, WALSegments.name(segment)))"
      + " at \(offset): \(reason)"
  }
}

/// What can go wrong with the write-ahead log.
package enum WALError: Error, Sendable, Equatable, CustomStringConvertible {
  case io(PosixError)
  case corruption(WALCorruption)
  case segmentMissing(lost: Int, next: Int, directory: String)
  /// The log was closed before.
  case closed
  /// A sync failed, and what it may have lost could not be written anew yet.
  case notDurable(directory: String, PosixError)
  /// Not a multiple of the page.
  case invalidSegmentSize(Int)

  package var description: String {
    switch self {
    case .io(let error): "WAL: \(error)"
    case .corruption(let place): "\(place)"
    case .segmentMissing(let lost, let next, let directory):
      "segments are not sequential: WAL segment \(lost) is missing in \(directory); "
        + "the next is \(next). Restore it, or move \(next) and later aside"
    case .closed: "WAL is closed"
    case .notDurable(let directory, let error):
      "WAL: a sync of \(directory) failed (\(error)), so that what was logged last may not be on "
        + "disk; nothing more is taken until it could be written anew. Check the disk"
    case .invalidSegmentSize(let bytes):
      "invalid segment size: \(bytes) bytes are not a multiple of the page of \(WALPage.bytes)"
    }
  }
}

/// Why a record's bytes are not what its type says.
package enum RecordError: Error, Sendable, Equatable, CustomStringConvertible {
  case malformed(ByteReaderError)
  case wrongType(UInt8)
  case labelTooLong(Int)

  package var description: String {
    switch self {
    case .malformed(let why): "decode record: \(why)"
    case .wrongType(let type): "decode record: invalid record type \(type)"
    case .labelTooLong(let bytes): "decode record: label of \(bytes) bytes"
    }
  }
}
