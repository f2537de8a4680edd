/// What an expression evaluates to. Raw values are Prometheus's words in errors and JSON.
package enum ValueType: String, Sendable {
  case scalar
  case vector
  case matrix
  case string
  case none
}
