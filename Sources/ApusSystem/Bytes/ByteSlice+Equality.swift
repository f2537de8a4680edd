internal import Glibc

/// Whether `count` bytes from `aStart` on in `a` are those from `bStart` on in `b`; false where
/// one of the spans is too short.
package func bytesAreEqual(
  _ a: Span<UInt8>, _ aStart: Int, _ b: Span<UInt8>, _ bStart: Int, count: Int
) -> Bool {
  guard aStart >= 0, bStart >= 0, count >= 0, aStart <= a.count - count, bStart <= b.count - count
  else { return false }
  if count == 0 { return true }
  return unsafe a.withUnsafeBufferPointer { left in
    unsafe b.withUnsafeBufferPointer { right in
      guard let x = left.baseAddress, let y = right.baseAddress else { return false }
      return unsafe memcmp(x + aStart, y + bStart, count) == 0
    }
  }
}
