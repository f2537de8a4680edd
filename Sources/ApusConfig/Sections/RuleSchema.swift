/// The keys of a rule file.
enum RuleSchema {
  static let file = Schema(
    "rulefmt.RuleGroups", [Field("groups", .objects(group, goType: "[]rulefmt.RuleGroup"))])

  static let group = Schema(
    "rulefmt.RuleGroup",
    [
      Field("name", .string),
      Field("interval", .duration),
      Field("query_offset", .duration),
      Field("limit", .int),
      Field("rules", .objects(rule, goType: "[]rulefmt.Rule")),
      Field("labels", .stringMap),
    ])

  static let rule = Schema(
    "rulefmt.Rule",
    [
      Field("record", .string),
      Field("alert", .string),
      Field("expr", .string),
      Field("for", .duration),
      Field("keep_firing_for", .duration),
      Field("labels", .stringMap),
      Field("annotations", .stringMap),
    ])
}
