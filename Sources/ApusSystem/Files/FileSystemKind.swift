internal import CIntrinsics

/// The kinds of file systems that files may lie on, by the number that statfs(2) gives.
package struct FileSystemKind: Sendable, Equatable {
  package let number: UInt64

  package init(number: UInt64) { self.number = number }

  init(of descriptor: FileDescriptor) throws(PosixError) {
    let found = try PosixError.check("statfs", descriptor.path) {
      apus_file_system_kind(descriptor.number)
    }
    number = UInt64(truncatingIfNeeded: found)
  }

  package static let ext = FileSystemKind(number: 0xEF53)
  package static let xfs = FileSystemKind(number: 0x5846_5342)
  package static let tmpfs = FileSystemKind(number: 0x0102_1994)
  package static let overlay = FileSystemKind(number: 0x794C_7630)

  /// Whether a block that posix_fallocate has given can be written for certain. Elsewhere a write
  /// through a mapping may find no room, which is SIGBUS: copy-on-write file systems (btrfs, zfs,
  /// bcachefs, f2fs) take a new block at each write, network and FUSE ones promise nothing. Files
  /// there are written by write(2), which is as safe against the death of the process. An overlay,
  /// on which containers run, passes the call on to what lies below it: ext4 or xfs.
  package var reservesBlocks: Bool { [.ext, .xfs, .tmpfs, .overlay].contains(self) }
}
