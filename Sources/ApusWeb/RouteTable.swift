/// Finds the route of a path.
struct RouteTable: Sendable {
  enum Finding: Sendable {
    /// `value` is the part of the path that the pattern left open, escapes not decoded.
    case found(Route, value: Substring)
    /// The path exists with a slash more or less at its end.
    case redirect(String)
    case none
  }

  private let exact: [String: Route]
  private let patterns: [Route]

  init(_ routes: [Route]) {
    let isPattern = { (route: Route) in route.path.contains("*") }
    exact = Dictionary(
      routes.filter { !isPattern($0) }.map { ($0.path, $0) },
      uniquingKeysWith: { first, _ in first })
    patterns = routes.filter(isPattern)
  }

  func find(_ path: String) -> Finding {
    if let hit = hit(path) { return hit }
    let other = path.hasSuffix("/") ? String(path.dropLast()) : path + "/"
    return other.isEmpty || hit(other) == nil ? .none : .redirect(other)
  }

  private func hit(_ path: String) -> Finding? {
    if let route = exact[path] { return .found(route, value: "") }
    for route in patterns {
      if let value = RouteTable.match(path, route.path) { return .found(route, value: value) }
    }
    return nil
  }

  private static func match(_ path: String, _ pattern: String) -> Substring? {
    guard let star = pattern.firstIndex(of: "*") else { return nil }
    let head = pattern[..<star]
    guard path.hasPrefix(head) else { return nil }
    let rest = path.dropFirst(head.count)
    let tail = pattern[pattern.index(after: star)...]
    if tail == "*" { return rest }
    guard rest.hasSuffix(tail) else { return nil }
    let value = rest.dropLast(tail.count)
    return value.isEmpty || value.contains("/") ? nil : value
  }
}
