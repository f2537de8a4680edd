/// Why a template cannot be parsed or expanded; the texts are Prometheus's.
package struct TemplateError: Error, Sendable, Equatable, CustomStringConvertible {
  package enum Phase: String, Sendable {
    case parsing
    case executing
  }

  package let phase: Phase
  package let name: String
  /// Go's text: `template: name:1:3: executing "name" at <.x>: ...`.
  package let reason: String

  package init(_ phase: Phase, name: String, reason: String) {
    self.phase = phase
    self.name = name
    self.reason = reason
  }

  package var description: String { "error \(phase.rawValue) template \(name): \(reason)" }
}
