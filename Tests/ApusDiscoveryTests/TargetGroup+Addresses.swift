import ApusModel

extension TargetGroup {
  var addresses: [String] { targets.map { $0.value(of: "__address__") } }
}
