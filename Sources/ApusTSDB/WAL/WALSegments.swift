package import ApusSystem

/// Names, listing and gaps of a log's segments: `00000000`, `00000001`, ...
package enum WALSegments {
  package static func name(_ segment: Int) -> String { segment.padded(to: 8) }

  package static func path(_ directory: String, _ segment: Int) -> String {
    FilePath.join(directory, name(segment))
  }

  /// The segments of a directory, ascending. No directory holds none.
  /// - Throws: `.segmentMissing` where a number is left out.
  package static func list(
    _ files: any FileSystem, _ directory: String
  ) throws(WALError) -> [Int] {
    var segments: [Int] = []
    do throws(PosixError) {
      segments = try files.list(directory).compactMap(number(of:)).sorted()
    } catch {
      guard error.isNotFound else { throw .io(error) }
    }
    for (i, segment) in segments.enumerated() where i > 0 && segment != segments[i - 1] + 1 {
      throw .segmentMissing(lost: segments[i - 1] + 1, next: segment, directory: directory)
    }
    return segments
  }

  /// Removes the segments below a number.
  package static func remove(
    below segment: Int, _ files: any FileSystem, _ directory: String
  ) throws(WALError) {
    do throws(PosixError) {
      // The oldest first, so that an interruption leaves no gap.
      for old in try files.list(directory).compactMap(number(of:)).sorted() where old < segment {
        try files.remove(path(directory, old))
      }
    } catch {
      throw .io(error)
    }
  }

  static func number(of name: String) -> Int? {
    guard name.utf8.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }) else {
      return nil
    }
    return Int(name)
  }
}
