import ApusSystem

/// A new empty directory under /tmp.
struct TestDirectory {
  let path: String

  init() {
    path = "/tmp/apus-test-\(UInt64.random(in: .min ... .max))"
    try? PosixFileSystem().makeDirectory(path)
  }

  func remove() { try? PosixFileSystem().remove(path) }
}
