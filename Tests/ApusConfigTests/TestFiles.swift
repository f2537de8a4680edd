import ApusConfig
import ApusSystem
import Testing

/// Paths into the project, from where this file stands.
enum TestFiles {
  static let root: String = {
    var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
    parts.removeLast(3)
    return parts.joined(separator: "/")
  }()

  static let bad = "\(root)/testdata/config/bad"
  static let good = "\(root)/testdata/config/good"

  static func names(in directory: String, ending: String) throws -> [String] {
    try PosixFileSystem().list(directory).filter { $0.hasSuffix(ending) }
  }

  static func load(_ path: String) throws -> Config {
    try ConfigLoader(files: PosixFileSystem(), environment: { _ in nil }).load(path: path)
  }
}

/// A configuration that stands in no file.
func config(_ text: String, environment: [String: String] = [:]) throws -> Config {
  let loader = ConfigLoader(files: MemoryFileSystem(), environment: { environment[$0] })
  return try loader.load(text: text, path: "dir/prometheus.yml")
}

/// What is wrong with a text.
func problems(_ text: String) -> [String] {
  do {
    _ = try config(text)
    return []
  } catch let errors as ConfigErrors {
    return errors.errors.map { "\($0.line): \($0.fullText)" }
  } catch {
    return ["\(error)"]
  }
}
