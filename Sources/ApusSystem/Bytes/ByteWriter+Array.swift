extension [UInt8] {
  /// Gives `write` the `room` bytes behind the end, not set yet; it returns how many of them, from
  /// the first one on, it has set. Those become part of the array.
  package mutating func append(
    upTo room: Int, _ write: (inout MutableRawSpan) -> Int
  ) {
    append(addingCapacity: room) { output in
      unsafe output.withUnsafeMutableBufferPointer { buffer, count in
        var span = unsafe MutableRawSpan(
          _unsafeBytes: UnsafeMutableRawBufferPointer(
            rebasing: UnsafeMutableRawBufferPointer(buffer)[count..<(count + room)]))
        let written = write(&span)
        precondition(written >= 0 && written <= room, "\(written) bytes set of \(room)")
        count += written
      }
    }
  }
}
