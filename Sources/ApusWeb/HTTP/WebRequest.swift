/// Raw values are the words on the wire.
package enum WebMethod: String, Sendable, CaseIterable {
  case get = "GET"
  case head = "HEAD"
  case post = "POST"
  case put = "PUT"
  case delete = "DELETE"
  case options = "OPTIONS"
  case patch = "PATCH"
}

/// What a handler sees of a request: already read, bounded and decoded.
package struct WebRequest: Sendable {
  /// Nil for a method nobody knows.
  package var method: WebMethod?
  /// Without query and route prefix; percent escapes as they came.
  package var path: String
  /// As it came, without the question mark.
  package var query: String
  package var headers: HeaderFields
  /// The values of the body's form, then those of the URL.
  package var form: FormValues
  package var body: [UInt8]
  /// Address of the client, without port.
  package var peer: String
  /// The part of the path that the route left open, escapes decoded.
  package var pathValue: String

  package init(
    method: WebMethod?, path: String, query: String = "", headers: HeaderFields = .init(),
    body: [UInt8] = [], peer: String = ""
  ) {
    self.init(headOf: method, path: path, query: query, headers: headers, peer: peer)
    self.body = body
    readForm()
  }

  /// A request whose body has not come yet: without form.
  init(headOf method: WebMethod?, path: String, query: String, headers: HeaderFields, peer: String)
  {
    self.method = method
    self.path = path
    self.query = query
    self.headers = headers
    self.peer = peer
    body = []
    pathValue = ""
    form = FormValues()
  }

  /// Reads the form out of body and query.
  mutating func readForm() {
    form = FormValues()
    if method == .post || method == .put || method == .patch { readBody() }
    form.add(encoded: query)
  }

  private mutating func readBody() {
    if headers.isForm {
      form.add(encoded: String(decoding: body, as: UTF8.self))
    } else if let boundary = MultipartForm.boundary(headers["content-type"]) {
      for (name, value) in MultipartForm.values(body, boundary) { form.add(name, value) }
    }
  }
}

/// Header fields; names without regard to case.
package struct HeaderFields: Sendable {
  private var fields: [(name: String, value: String)] = []

  package init() {}

  package mutating func add(_ name: String, _ value: String) {
    fields.append((name.lowercased(), value))
  }

  /// The first value of a field.
  package subscript(name: String) -> String? {
    fields.first { $0.name == name.lowercased() }?.value
  }

  /// Whether the body is a form, by its content type.
  package var isForm: Bool {
    guard let type = self["content-type"] else { return false }
    let media = type.prefix { $0 != ";" }
    return media.lowercased().filter { $0 != " " } == "application/x-www-form-urlencoded"
  }
}

extension HeaderFields: ExpressibleByDictionaryLiteral {
  package init(dictionaryLiteral pairs: (String, String)...) {
    for (name, value) in pairs { add(name, value) }
  }
}
