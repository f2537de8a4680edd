import ApusSystem
import Glibc

/// Where test data lies.
enum TestPaths {
  static let packageRoot: String = {
    var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
    parts.removeLast(3)
    return parts.joined(separator: "/")
  }()

  /// A folder of material that is not part of the project; nil where it is missing.
  static func shared(_ name: String) -> String? {
    let root = environment("APUS_SHARED") ?? packageRoot + "/../shared"
    let folder = root + "/" + name
    return PosixFileSystem().isDirectory(folder) ? folder : nil
  }

  /// The scripts of a folder, by name.
  static func scripts(in folder: String) -> [String] {
    let names = (try? PosixFileSystem().list(folder)) ?? []
    return names.filter { $0.hasSuffix(".test") }.map { folder + "/" + $0 }
  }

  static func name(_ path: String) -> String { String(path.split(separator: "/").last ?? "") }

  static func environment(_ name: String) -> String? {
    guard let value = unsafe getenv(name) else { return nil }
    return unsafe String(cString: value)
  }
}
