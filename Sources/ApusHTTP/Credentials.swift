internal import ApusConfig
internal import ApusSystem

/// The headers that say who we are, and those of the configuration. Files are read for every
/// request, so that a changed secret needs no reload.
struct Credentials: Sendable {
  let config: HTTPClientConfig
  let files: any FileSystem

  /// - Throws: `FetchError` where a file cannot be read.
  func headers(for url: String) throws(FetchError) -> [(name: String, value: String)] {
    var headers: [(name: String, value: String)] = []
    if let basic = config.basicAuth {
      let name =
        try secret(basic.username, file: basic.usernameFile, "basic auth username", url)
      let password =
        try secret(basic.password.text, file: basic.passwordFile, "basic auth password", url)
      headers.append(("Authorization", "Basic " + Base64.encode("\(name):\(password)")))
    }
    if let authorization = config.authorization {
      let text = try secret(
        authorization.credentials.text, file: authorization.credentialsFile,
        "authorization credentials", url)
      if !text.isEmpty { headers.append(("Authorization", "\(authorization.type) \(text)")) }
    }
    for header in config.headers {
      for value in header.values { headers.append((header.name, value)) }
      for value in header.secrets { headers.append((header.name, value.text)) }
      for file in header.files {
        headers.append((header.name, try read(file, "header \(header.name)", url)))
      }
    }
    return headers
  }

  private func secret(
    _ text: String, file: String, _ what: String, _ url: String
  ) throws(FetchError) -> String {
    file.isEmpty ? text : try read(file, what, url)
  }

  private func read(
    _ file: String, _ what: String, _ url: String
  ) throws(FetchError) -> String {
    do throws(PosixError) {
      let bytes = try files.read(file)
      let isBlank = { (byte: UInt8) in byte == 0x20 || (0x09...0x0D).contains(byte) }
      let trimmed = bytes.drop(while: isBlank).reversed().drop(while: isBlank).reversed()
      return String(decoding: Array(trimmed), as: UTF8.self)
    } catch {
      throw FetchError(
        .credentials, url: url,
        description: "unable to read \(what) file \(file): \(error.description)")
    }
  }
}
