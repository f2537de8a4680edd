internal import ApusHTTP
internal import ApusSystem
internal import ArgumentParser

/// `check web-config <file>...`
struct CheckWebConfig: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "web-config", abstract: "Check if the web config files are valid or not.")

  @OptionGroup var global: GlobalOptions

  @Argument(help: "The config files to check.")
  var webConfigFiles: [String]

  func run() throws {
    try ExistingFile.check(webConfigFiles)
    var hasFailed = false
    for file in webConfigFiles {
      do throws(WebConfigFile.Failure) {
        _ = try WebConfigFile.validate(file, PosixFileSystem())
        Output.errorLine("\(file) SUCCESS")
      } catch {
        Output.errorLine("\(file) FAILED: \(error)")
        hasFailed = true
      }
    }
    if hasFailed { throw ExitCode(ExitStatus.failure) }
  }
}
