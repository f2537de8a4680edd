internal import ApusModel

/// Which format a body is in, by what its server says of it and what the job falls back to.
package enum ContentNegotiation {
  package struct Choice: Sendable, Equatable {
    package let format: ExpositionFormat
    /// Set where the fallback had to be used, in Prometheus's words.
    package let warning: String?
  }

  /// - Parameters:
  ///   - contentType: the header as sent; empty where there was none.
  ///   - fallback: the media type to assume where the header names no format of ours.
  package static func format(
    contentType: String, fallback: String?
  ) throws(ExpositionError) -> Choice {
    let problem: String
    var isParsed = true
    if contentType.isEmpty {
      problem = "non-compliant scrape target sending blank Content-Type"
    } else if let media = MediaType(contentType) {
      if let format = media.format { return Choice(format: format, warning: nil) }
      problem = "received unsupported Content-Type \(GoQuote.quote(contentType))"
    } else {
      isParsed = false
      problem = "cannot parse Content-Type \(GoQuote.quote(contentType))"
    }
    guard let fallback, !fallback.isEmpty else {
      let verb = isParsed ? "specified for target" : "for target"
      throw ExpositionError("\(problem) and no fallback_scrape_protocol \(verb)")
    }
    guard let format = MediaType(fallback)?.format else {
      throw ExpositionError("\(problem) and unusable fallback \(GoQuote.quote(fallback))")
    }
    return Choice(
      format: format,
      warning: "\(problem), using fallback_scrape_protocol \(GoQuote.quote(fallback))")
  }
}

/// A Content-Type header: `type/subtype; name=value; name="value"`, names without regard to case.
package struct MediaType: Sendable, Equatable {
  package let type: String
  package let parameters: [String: String]

  /// Nil where the text is not a media type (RFC 9110, 8.3).
  package init?(_ text: String) {
    var pieces = text.split(separator: ";", omittingEmptySubsequences: false)[...]
    let type = MediaType.trimmed(pieces.removeFirst()).lowercased()
    let halves = type.split(separator: "/", omittingEmptySubsequences: false)
    guard halves.count <= 2, halves.allSatisfy(MediaType.isToken) else { return nil }
    self.type = type
    var parameters: [String: String] = [:]
    for piece in pieces {
      let piece = MediaType.trimmed(piece)
      if piece.isEmpty { continue }
      guard let equals = piece.firstIndex(of: "=") else { return nil }
      let name = MediaType.trimmed(piece[..<equals]).lowercased()
      var value = MediaType.trimmed(piece[piece.index(after: equals)...])
      if value.hasPrefix("\""), value.hasSuffix("\""), value.utf8.count >= 2 {
        value = String(value.dropFirst().dropLast())
      } else if !MediaType.isToken(value[...]) {
        return nil
      }
      guard MediaType.isToken(name[...]), parameters[name] == nil else { return nil }
      parameters[name] = value
    }
    self.parameters = parameters
  }

  /// Nil where it is none that we read.
  var format: ExpositionFormat? {
    switch type {
    case "application/openmetrics-text": .openMetrics
    case "text/plain": .text
    case "application/vnd.google.protobuf": .protobuf
    default: nil
    }
  }

  private static func trimmed(_ text: some StringProtocol) -> String {
    var view = Substring(text)
    while let first = view.utf8.first, first == 0x20 || first == 0x09 { view.removeFirst() }
    while let last = view.utf8.last, last == 0x20 || last == 0x09 { view.removeLast() }
    return String(view)
  }

  private static func isToken(_ text: Substring) -> Bool {
    !text.isEmpty
      && text.utf8.allSatisfy { byte in
        byte > 0x20 && byte < 0x7F && !"()<>@,;:\\\"/[]?=".utf8.contains(byte)
      }
  }
}
