internal import Glibc

/// -1, 0 or 1 by bytes, then by length.
package func compareMemory(_ a: Span<UInt8>, _ b: Span<UInt8>) -> Int {
  let shared = min(a.count, b.count)
  let order = unsafe a.withUnsafeBytes { left in
    unsafe b.withUnsafeBytes { right -> Int32 in
      guard shared > 0, let x = left.baseAddress, let y = right.baseAddress else {
        return 0
      }
      return unsafe memcmp(x, y, shared)
    }
  }
  if order != 0 { return order < 0 ? -1 : 1 }
  return a.count == b.count ? 0 : (a.count < b.count ? -1 : 1)
}
