internal import ApusSystem

/// The first elements of a column as they were at one moment. Its memory is taken before the lock
/// under which it is filled, so that the copy itself is all that others wait for.
struct ColumnCopy<Element: BitwiseCopyable>: Sendable {
  let column: SharedColumn<Element>
  private(set) var count = 0

  /// Room for a number of elements and a sixteenth more: appends go on meanwhile.
  init(roomFor count: Int) {
    let capacity = count + count / 16 + 1024
    column = SharedColumn(capacityMax: capacity)
    column.populate(count)
  }

  /// No copy but the column itself, which does not change any more.
  init(sharing column: SharedColumn<Element>) { self.column = column }

  /// Copies; false, with nothing done, if there is too little room.
  mutating func take(_ source: SharedColumn<Element>, count: Int) -> Bool {
    guard count <= column.capacityMax else { return false }
    self.count = count
    if column === source { return true }
    column.copy(from: source, count: count)
    return true
  }
}
