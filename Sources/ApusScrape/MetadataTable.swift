internal import ApusModel

/// What the metric families of one target say of themselves.
struct MetadataTable {
  private var numbers: [String: Int32] = [:]
  private var names: [String] = []
  private var entries: [MetricMetadata] = []
  /// By number: the scrape in which the family was met last.
  var seenAt: [UInt32] = []
  private var free: [Int32] = []

  /// Bytes of texts held.
  var bytes: Int {
    numbers.values.reduce(0) { sum, number in
      let entry = entries[Int(number)]
      return sum + entry.help.utf8.count + entry.unit.utf8.count + entry.kind.rawValue.utf8.count
    }
  }

  var count: Int { numbers.count }

  /// The number of a family, for `keep`; made where missing.
  mutating func number(of name: String, at iteration: UInt32) -> Int32 {
    if let number = numbers[name] {
      seenAt[Int(number)] = iteration
      return number
    }
    let number: Int32
    if let reused = free.popLast() {
      number = reused
      names[Int(number)] = name
      entries[Int(number)] = MetricMetadata()
      seenAt[Int(number)] = iteration
    } else {
      number = Int32(names.count)
      names.append(name)
      entries.append(MetricMetadata())
      seenAt.append(iteration)
    }
    numbers[name] = number
    return number
  }

  mutating func update(_ number: Int32, _ change: (inout MetricMetadata) -> Void) {
    change(&entries[Int(number)])
  }

  func name(of number: Int32) -> String { names[Int(number)] }

  /// Empty for the number of no family.
  func unit(of number: Int32) -> String { number < 0 ? "" : entries[Int(number)].unit }

  func kind(of number: Int32) -> MetricMetadata.Kind { entries[Int(number)].kind }

  /// Forgets the families that were not seen for some scrapes.
  mutating func forgetOld(at iteration: UInt32) {
    for (name, number) in numbers
    where iteration - seenAt[Int(number)] > Limits.metadataScrapesMax {
      numbers[name] = nil
      names[Int(number)] = ""
      entries[Int(number)] = MetricMetadata()
      free.append(number)
    }
  }

  var all: [String: MetricMetadata] { numbers.mapValues { entries[Int($0)] } }
}
