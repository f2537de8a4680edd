internal import ApusModel

/// What an action prints into a page: safe between tags and in quoted attributes.
enum HTMLEscaping {
  /// Nothing prints as nothing; `safeHtml` and `tmpl` give text that stays as it is.
  static func text(_ value: TemplateValue) -> String {
    switch value {
    case .nothing: ""
    case .html(let text): text
    // As Go's html/template, which guards a plus too.
    default: TextEscapes.html(GoFormat.shown(value)).replacing("+", with: "&#43;")
    }
  }
}
