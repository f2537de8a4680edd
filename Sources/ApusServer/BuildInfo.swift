/// What this binary is. The version is that of the Prometheus whose behaviour it has.
package enum BuildInfo {
  package static let version = "3.12.0"
  package static let apusVersion = "0.1.0"
  package static let branch = "main"
  package static let language = "swift6.3"

  #if arch(x86_64)
    package static let platform = "linux/amd64"
  #elseif arch(arm64)
    package static let platform = "linux/arm64"
  #else
    package static let platform = "linux"
  #endif

  /// `--version`, in Prometheus's form.
  package static func text(program: String) -> String {
    """
    \(program), version \(version) (branch: \(branch), revision: apus-\(apusVersion))
      build user:       apus
      go version:       \(language)
      platform:         \(platform)
      tags:             apus

    """
  }
}
