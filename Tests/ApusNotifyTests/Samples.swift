import ApusModel

func alert(_ name: String, _ labels: Labels = [:], startsAtMs: Int64 = 0) -> Alert {
  var builder = LabelsBuilder(labels)
  builder.set("alertname", name)
  return Alert(
    labels: builder.labels(), annotations: .empty, startsAtMs: startsAtMs, endsAtMs: 0,
    generatorURL: "")
}

func group(_ addresses: String..., labels: Labels = .empty) -> TargetGroup {
  TargetGroup(
    source: "0", targets: addresses.map { Labels([Label("__address__", $0)]) }, labels: labels)
}
