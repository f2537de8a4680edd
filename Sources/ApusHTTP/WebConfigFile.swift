package import ApusConfig
package import ApusSystem

/// The web configuration file with what it names, on disk.
package enum WebConfigFile {
  /// Why a file is of no use.
  package struct Failure: Error, Sendable, CustomStringConvertible {
    package let description: String
  }

  package static func load(
    _ path: String, _ files: any FileSystem
  ) throws(Failure) -> (bytes: [UInt8], config: WebConfig) {
    let bytes: [UInt8]
    do throws(PosixError) {
      bytes = try files.read(path)
    } catch {
      throw Failure(description: "open \(path): \(error.description)")
    }
    return (bytes, try parse(bytes, path))
  }

  package static func parse(_ bytes: [UInt8], _ path: String) throws(Failure) -> WebConfig {
    do throws(ConfigErrors) {
      return try WebConfigLoader.load(
        bytes, file: path, directory: FilePath.parent(of: path))
    } catch {
      throw Failure(description: error.formText)
    }
  }

  /// Reads a file and all that it names.
  package static func validate(
    _ path: String, _ files: any FileSystem
  ) throws(Failure) -> (bytes: [UInt8], config: WebConfig) {
    let loaded = try load(path, files)
    guard let tls = loaded.config.tls else { return loaded }
    do throws(ServerTLSMaterial.Failure) {
      _ = try ServerTLSMaterial(tls, files).context()
    } catch {
      throw Failure(description: error.description)
    }
    return loaded
  }
}
