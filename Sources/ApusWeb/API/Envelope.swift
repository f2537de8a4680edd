package import ApusModel

/// The frame around every answer of the API.
///
///     {"status":"success","data":...,"warnings":[...],"infos":[...]}
///     {"status":"error","errorType":"bad_data","error":"..."}
package enum Envelope {
  /// An answer that `writeData` makes; for answers of moderate size.
  package static func success(
    annotations: Annotations = Annotations(), _ writeData: (inout JSONWriter) -> Void
  ) -> WebResponse {
    var json = JSONWriter()
    json.raw(opening)
    writeData(&json)
    writeEnd(annotations, to: &json)
    return response(json)
  }

  package static func failure(_ error: APIError) -> WebResponse {
    var json = JSONWriter()
    json.raw(#"{"status":"error","errorType":""#)
    json.raw(error.kind.rawValue)
    json.raw(#"","error":"#)
    json.string(error.text)
    json.raw("}")
    return WebResponse(
      status: error.kind.status, headers: headers, body: .bytes(json.bytes))
  }

  /// What stands before the data.
  package static let opening = #"{"status":"success","data":"#

  package static let headers: [(name: String, value: String)] = [
    ("Content-Type", "application/json")
  ]

  /// What stands behind the data.
  package static func writeEnd(_ annotations: Annotations, to json: inout JSONWriter) {
    write(annotations.warnings, key: "warnings", kind: "warning", to: &json)
    write(annotations.infos, key: "infos", kind: "info", to: &json)
    json.raw("}")
  }

  private static func response(_ json: JSONWriter) -> WebResponse {
    WebResponse(status: 200, headers: headers, body: .bytes(json.bytes))
  }

  private static func write(
    _ texts: [String], key: String, kind: String, to json: inout JSONWriter
  ) {
    guard !texts.isEmpty else { return }
    json.raw(",")
    json.key(key)
    let omitted = texts.count - Limits.annotationsMax
    if omitted > 0 {
      let shown = texts.prefix(Limits.annotationsMax)
      json.array(shown + ["\(omitted) more \(kind) annotations omitted"])
    } else {
      json.array(texts)
    }
  }
}
