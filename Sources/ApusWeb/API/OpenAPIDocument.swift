/// The API described for programs (OpenAPI), made of the table of routes: it never lacks one.
struct OpenAPIDocument {
  private var lines: [String] = []

  /// - Parameter version: `3.1` or `3.2`.
  static func text(_ routes: [Route], version: String) -> String {
    var document = OpenAPIDocument()
    document.lines = [
      "openapi: \(version).0",
      "info:",
      "  title: Prometheus API",
      "  version: 0.0.1",
      "  description: The HTTP API of Prometheus, as Apus serves it.",
      "servers:",
      "  - url: /api/v1",
      "paths:",
    ]
    for route in routes where route.isAPI { document.add(route) }
    document.addComponents()
    return document.lines.joined(separator: "\n") + "\n"
  }

  private mutating func add(_ route: Route) {
    let path = String(route.path.dropFirst("/api/v1".count)).replacing("*", with: "{name}")
    lines.append("  \(path):")
    for method in route.methods {
      lines.append("    \(method.rawValue.lowercased()):")
      lines.append("      operationId: \(operation(method, path))")
      addParameters(path, isForm: method == .post && route.methods.contains(.get))
      lines += [
        "      responses:",
        "        \"200\":",
        "          description: The answer.",
        "          content:",
        "            application/json:",
        "              schema:",
        "                $ref: \"#/components/schemas/Success\"",
        "        default:",
        "          description: Why there is none.",
        "          content:",
        "            application/json:",
        "              schema:",
        "                $ref: \"#/components/schemas/Error\"",
      ]
    }
  }

  private func operation(_ method: WebMethod, _ path: String) -> String {
    let words = path.split { "/_-{}.".contains($0) }.map {
      $0.prefix(1).uppercased() + $0.dropFirst()
    }
    return method.rawValue.lowercased() + words.joined()
  }

  private mutating func addParameters(_ path: String, isForm: Bool) {
    let known = Self.parameters[path] ?? []
    let inPath = path.contains("{name}")
    guard inPath || !known.isEmpty else { return }
    if isForm {
      lines += [
        "      requestBody:",
        "        content:",
        "          application/x-www-form-urlencoded:",
        "            schema:",
        "              type: object",
      ]
      let required = known.filter(\.isRequired)
      if !required.isEmpty {
        lines.append(
          "              required: [\(required.map { "\"\($0.name)\"" }.joined(separator: ", "))]")
      }
      lines.append("              properties:")
      for parameter in known {
        lines.append("                \"\(parameter.name)\":")
        lines += parameter.schema.map { "                  " + $0 }
      }
      return
    }
    lines.append("      parameters:")
    if inPath {
      lines += [
        "        - name: name", "          in: path", "          required: true",
        "          schema:", "            type: string",
      ]
    }
    for parameter in known {
      lines.append("        - name: \"\(parameter.name)\"")
      lines.append("          in: query")
      if parameter.isRequired { lines.append("          required: true") }
      lines.append("          schema:")
      lines += parameter.schema.map { "            " + $0 }
    }
  }

  private mutating func addComponents() {
    lines += [
      "components:",
      "  schemas:",
      "    Success:",
      "      type: object",
      "      required: [status]",
      "      properties:",
      "        status:",
      "          type: string",
      "          enum: [success]",
      "        data: {}",
      "        warnings:",
      "          type: array",
      "          items:",
      "            type: string",
      "        infos:",
      "          type: array",
      "          items:",
      "            type: string",
      "    Error:",
      "      type: object",
      "      required: [status, errorType, error]",
      "      properties:",
      "        status:",
      "          type: string",
      "          enum: [error]",
      "        errorType:",
      "          type: string",
      "        error:",
      "          type: string",
    ]
  }
}

extension OpenAPIDocument {
  /// A parameter of a query or a form.
  private struct Parameter {
    let name: String
    var isRequired = false
    var type = "string"
    var isList = false

    var schema: [String] {
      isList ? ["type: array", "items:", "  type: \(type)"] : ["type: \(type)"]
    }
  }

  /// Reads `query* limit:integer match[]+`: `*` for must, `+` for a list.
  private static func list(_ text: String) -> [Parameter] {
    text.split(separator: " ").map { word in
      let halves = word.split(separator: ":")
      var name = String(halves[0])
      var parameter = Parameter(name: name)
      if name.hasSuffix("*") {
        name.removeLast()
        parameter.isRequired = true
      }
      if name.hasSuffix("+") {
        name.removeLast()
        parameter.isList = true
      }
      return Parameter(
        name: name, isRequired: parameter.isRequired,
        type: halves.count > 1 ? String(halves[1]) : "string", isList: parameter.isList)
    }
  }

  private static let parameters: [String: [Parameter]] = [
    "/query": "query* time timeout limit:integer lookback_delta stats",
    "/query_range": "query* start* end* step* timeout limit:integer lookback_delta stats",
    "/query_exemplars": "query* start end",
    "/format_query": "query*",
    "/parse_query": "query*",
    "/labels": "start end match[]+ limit:integer",
    "/label/{name}/values": "start end match[]+ limit:integer",
    "/series": "match[]+* start end limit:integer",
    "/targets": "state scrapePool",
    "/targets/metadata": "match_target metric limit:integer",
    "/targets/relabel_steps": "scrapePool* labels*",
    "/scrape_pools/config": "scrapePool*",
    "/metadata": "metric limit:integer limit_per_metric:integer",
    "/rules": "type rule_name[]+ rule_group[]+ file[]+ match[]+ exclude_alerts:boolean"
      + " group_limit:integer group_next_token",
    "/status/tsdb": "limit:integer",
    "/status/self_metrics": "metric_name_pattern",
    "/openapi.yaml": "openapi_version",
    "/admin/tsdb/delete_series": "match[]+* start end",
    "/admin/tsdb/snapshot": "skip_head:boolean",
  ].mapValues(list)
}

extension WebHandlers {
  func openAPI(_ request: WebRequest) async -> WebResponse {
    let version = request.form.first("openapi_version").hasPrefix("3.2") ? "3.2" : "3.1"
    let text = OpenAPIDocument.text(WebHandlers.routes, version: version)
    return WebResponse(
      status: 200, headers: [("Content-Type", "application/yaml; charset=utf-8")],
      body: .bytes(Array(text.utf8)))
  }
}
