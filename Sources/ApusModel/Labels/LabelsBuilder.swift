/// Sets, deletes and keeps labels; the only way to change them.
package struct LabelsBuilder: Sendable {
  /// Ascending by the bytes of the name; no empty values.
  private var pairs: [Label] = []

  package init() {}

  package init(_ labels: Labels) {
    pairs = Array(labels)
  }

  package var isEmpty: Bool { pairs.isEmpty }

  /// The value of a label, empty where there is none.
  package subscript(name: String) -> String {
    get {
      let at = position(of: name)
      return at.found ? pairs[at.index].value : ""
    }
    set { set(name, newValue) }
  }

  /// Adds or replaces a label; an empty value deletes it.
  package mutating func set(_ name: String, _ value: String) {
    let at = position(of: name)
    switch (at.found, value.isEmpty) {
    case (true, true): pairs.remove(at: at.index)
    case (true, false): pairs[at.index] = Label(name, value)
    case (false, true): break
    case (false, false): pairs.insert(Label(name, value), at: at.index)
    }
  }

  package mutating func delete(_ name: String) { set(name, "") }

  /// Keeps only the labels for which `shouldKeep` is true.
  package mutating func keep(where shouldKeep: (Label) -> Bool) {
    pairs.removeAll { !shouldKeep($0) }
  }

  /// The labels now set, ascending by name.
  package var current: [Label] { pairs }

  package func labels() -> Labels {
    var encoder = LabelsEncoder()
    for pair in pairs { encoder.append(name: pair.name.utf8.span, value: pair.value.utf8.span) }
    return encoder.labels()
  }

  private func position(of name: String) -> (index: Int, found: Bool) {
    let wanted = name.utf8.span
    var low = 0
    var high = pairs.count
    while low < high {
      let middle = (low + high) / 2
      switch compareBytes(pairs[middle].name.utf8.span, wanted) {
      case 0: return (middle, true)
      case -1: low = middle + 1
      default: high = middle
      }
    }
    return (low, false)
  }
}
