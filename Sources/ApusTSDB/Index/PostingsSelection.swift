package import ApusModel
package import ApusStorage

/// Matchers to series ids. The same for a block and for the head.
///
/// A matcher that matches the empty value also selects the series without the label, which stand
/// in no list of postings: it is answered by subtracting the values it does not match. The others
/// are intersected, the cheapest first; as soon as few series are left, those are asked for their
/// labels instead of reading further lists. (Rules: Prometheus, tsdb/querier.go,
/// PostingsForMatchers.)
package struct PostingsSelection<Source: PostingsSource> {
  private let source: Source

  /// Below this many series their own labels are looked at, where that is less work.
  private static var directMax: Int { 4096 }
  /// How many ids can be read from postings in the time of looking at one series.
  private static var idsPerSeries: Int { 40 }

  package init(_ source: Source) { self.source = source }

  /// Ids of the series that match all of `matchers`, ascending. No matchers, no condition: all
  /// series.
  package func select(_ matchers: [LabelMatcher]) throws(StorageError) -> [UInt32] {
    var required: [Term] = []
    var excluded: [Term] = []
    for matcher in matchers {
      switch try term(matcher) {
      case .nothing: return []
      case .everything: continue
      case .having(let term): required.append(term)
      case .lacking(let term): excluded.append(term)
      }
    }
    required.sort { $0.cost < $1.cost }
    excluded.sort { $0.cost < $1.cost }
    var result: [UInt32]
    if let first = required.first {
      result = try first.postings()
      let rest = required.dropFirst() + excluded
      return try narrow(&result, by: rest)
    }
    result = try source.allPostings()
    return try narrow(&result, by: excluded[...])
  }
}

extension PostingsSelection {
  /// One matcher, resolved to values of its label.
  private struct Term {
    let matcher: LabelMatcher
    let values: Source.Values
    /// Indices of the values whose postings are wanted, or unwanted where `isExcluded`.
    let chosen: Choice
    let isExcluded: Bool
    /// Ids in the postings of the chosen values, plus a little per value.
    let cost: Int

    enum Choice {
      case range(Range<Int>)
      case list([Int])
    }

    init(_ matcher: LabelMatcher, _ values: Source.Values, _ chosen: Choice, isExcluded: Bool) {
      self.matcher = matcher
      self.values = values
      self.chosen = chosen
      self.isExcluded = isExcluded
      var cost = 0
      Self.forEach(chosen) { cost += values.postingsCount($0) + 8 }
      self.cost = cost
    }

    var isEmpty: Bool {
      switch chosen {
      case .range(let range): range.isEmpty
      case .list(let list): list.isEmpty
      }
    }

    private static func forEach(_ choice: Choice, _ body: (Int) -> Void) {
      switch choice {
      case .range(let range): range.forEach(body)
      case .list(let list): list.forEach(body)
      }
    }

    /// The union of the postings of the chosen values.
    func postings() throws(StorageError) -> [UInt32] {
      var ids: [UInt32] = []
      var ends: [Int] = []
      ids.reserveCapacity(cost)
      switch chosen {
      case .range(let range):
        for index in range {
          try values.appendPostings(index, to: &ids)
          ends.append(ids.count)
        }
      case .list(let list):
        for index in list {
          try values.appendPostings(index, to: &ids)
          ends.append(ids.count)
        }
      }
      PostingsAlgebra.mergeRuns(&ids, ends: ends)
      return ids
    }
  }

  private enum Resolved {
    case nothing
    case everything
    case having(Term)
    case lacking(Term)
  }

  private func term(_ matcher: LabelMatcher) throws(StorageError) -> Resolved {
    guard let values = try source.values(of: matcher.name), values.count > 0 else {
      // No series has the label, so its value is "" everywhere.
      return matcher.matchesEmpty ? .everything : .nothing
    }
    let isExcluded = matcher.matchesEmpty
    // Excluded values are those that the matcher does not match.
    let chosen = choose(matcher, values, wanted: !isExcluded)
    let term = Term(matcher, values, chosen, isExcluded: isExcluded)
    if isExcluded { return term.isEmpty ? .everything : .lacking(term) }
    return term.isEmpty ? .nothing : .having(term)
  }

  /// The values that the matcher matches (`wanted`) or does not match.
  private func choose(
    _ matcher: LabelMatcher, _ values: Source.Values, wanted: Bool
  ) -> Term.Choice {
    // With the sense of != and !~ taken out, what is left is "equals" or "matches pattern".
    let isNegative = matcher.kind == .notEqual || matcher.kind == .notRegex
    let isInside = isNegative != wanted
    let inside: Term.Choice?
    if let pattern = matcher.pattern {
      inside = shortcut(pattern, values)
    } else {
      inside = probe([matcher.value], values)
    }
    guard let inside else {
      return .list(
        (0..<values.count).filter { index in
          values.withValue(index) { matcher.matches($0) } == wanted
        })
    }
    return isInside ? inside : complement(inside, values.count)
  }

  private func shortcut(_ pattern: RegexMatcher, _ values: Source.Values) -> Term.Choice? {
    switch pattern.shortcut {
    case .oneOf(let texts): return probe(texts, values)
    case .anything: return .range(0..<values.count)
    case .anyButEmpty:
      // Blocks written by others may list the empty value.
      return .range((values.index(of: "") == nil ? 0 : 1)..<values.count)
    case .prefix(let prefix): return .range(values.range(withPrefix: prefix))
    case .longerPrefix(let prefix):
      let range = values.range(withPrefix: prefix)
      // The prefix itself is the least of those that begin with it.
      let hasItself = values.index(of: prefix) != nil
      return .range((range.lowerBound + (hasItself ? 1 : 0))..<range.upperBound)
    case nil: return nil
    }
  }

  private func probe(_ texts: [String], _ values: Source.Values) -> Term.Choice {
    let found = texts.compactMap { values.index(of: $0) }
    return .list(found.count < 2 ? found : Array(Set(found)).sorted())
  }

  private func complement(_ choice: Term.Choice, _ count: Int) -> Term.Choice {
    switch choice {
    case .range(let range) where range.lowerBound == 0: return .range(range.upperBound..<count)
    case .range(let range) where range.upperBound == count: return .range(0..<range.lowerBound)
    case .range(let range):
      return .list(Array(0..<range.lowerBound) + Array(range.upperBound..<count))
    case .list(let list) where list.isEmpty: return .range(0..<count)
    case .list(let list):
      var others: [Int] = []
      others.reserveCapacity(count - list.count)
      var next = 0
      for index in 0..<count {
        if next < list.count && list[next] == index { next += 1 } else { others.append(index) }
      }
      return .list(others)
    }
  }

  /// Applies the terms one by one, or all that are left at once by looking at the series.
  private func narrow(
    _ ids: inout [UInt32], by terms: ArraySlice<Term>
  ) throws(StorageError) -> [UInt32] {
    var left = terms
    while let term = left.first {
      if ids.isEmpty { return [] }
      let listCost = left.reduce(0) { $0 + min($1.cost, Int.max >> 8) }
      if ids.count <= Self.directMax, ids.count * Self.idsPerSeries < listCost {
        try source.keepMatching(&ids, left.map(\.matcher))
        return ids
      }
      let other = try term.postings()
      ids =
        term.isExcluded
        ? PostingsAlgebra.subtract(other.span, from: ids.span)
        : PostingsAlgebra.intersect(ids, other)
      left = left.dropFirst()
    }
    return ids
  }
}
