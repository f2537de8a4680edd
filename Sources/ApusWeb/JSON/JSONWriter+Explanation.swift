internal import ApusPromQL

extension JSONWriter {
  /// `{"operator":"query","expression":"sum(up)","steps":1,...,"children":[...]}`
  mutating func explanation(_ explanation: Explanation) {
    raw(#"{"operator":"#)
    string(explanation.operatorName)
    raw(#","expression":"#)
    string(explanation.expression)
    let counts = [
      ("steps", explanation.steps), ("series", explanation.series),
      ("samples", explanation.samples), ("samplesRead", explanation.samplesRead),
      ("bytes", explanation.bytes),
    ]
    for (name, count) in counts {
      raw(",")
      key(name)
      int(count)
    }
    raw(#","seconds":"#)
    number(explanation.seconds)
    raw(#","selfSeconds":"#)
    number(explanation.selfSeconds)
    if !explanation.children.isEmpty {
      raw(#","children":["#)
      for (i, child) in explanation.children.enumerated() {
        comma(before: i)
        self.explanation(child)
      }
      raw("]")
    }
    raw("}")
  }
}
