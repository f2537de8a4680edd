package import ApusModel

/// Door: runs a query at the time of the template.
package protocol TemplateQuery: Sendable {
  /// Elements of an instant vector; a scalar is one element without labels.
  /// - Throws: an error whose text goes into the template's error.
  func query(_ expression: String) throws -> [TemplateSample]
}

package struct TemplateSample: Sendable {
  package let labels: Labels
  package let value: Double

  package init(labels: Labels, value: Double) {
    self.labels = labels
    self.value = value
  }
}
