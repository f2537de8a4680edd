internal import ApusModel
internal import ApusTSDB
internal import ArgumentParser

/// `tsdb list [-r] [<db path>]`
struct TSDBList: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List tsdb blocks.")

  @OptionGroup var global: GlobalOptions

  @Flag(
    name: [.customLong("human-readable"), .customShort("r")], help: "Print human readable values.")
  var isHumanReadable = false

  @Argument(help: "Database path (default is data/).") var path = "data/"

  func run() throws {
    Output.line(
      BlockTable(isHumanReadable: isHumanReadable).text(
        of: try DataBlocks.open(path), withHeader: true))
  }
}

/// Blocks as rows of a table.
struct BlockTable {
  let isHumanReadable: Bool

  private static let header = [
    "BLOCK ULID", "MIN TIME", "MAX TIME", "DURATION", "NUM SAMPLES", "NUM CHUNKS", "NUM SERIES",
    "SIZE",
  ]

  func text(of blocks: [Block], withHeader: Bool) -> String {
    TextTable(rows: (withHeader ? [Self.header] : []) + blocks.map(row)).text
  }

  private func row(_ block: Block) -> [String] {
    let meta = block.meta
    return [
      meta.ulid.description, time(meta.minTimeMs), time(meta.maxTimeMs),
      GoDuration.text(ms: meta.maxTimeMs - meta.minTimeMs), "\(meta.stats.sampleCount)",
      "\(meta.stats.chunkCount)", "\(meta.stats.seriesCount)",
      isHumanReadable ? ByteSizeText.text(bytes: Int64(block.sizeBytes)) : "\(block.sizeBytes)",
    ]
  }

  private func time(_ ms: Int64) -> String {
    isHumanReadable ? CivilTime.text(seconds: ms / 1_000) + " +0000 UTC" : "\(ms)"
  }
}

/// Columns as Go's tabwriter aligns them: at least 13 wide, two spaces apart.
struct TextTable {
  let rows: [[String]]

  var text: String {
    let columns = rows.first?.count ?? 0
    let widths = (0..<columns).map { column in
      max(13, rows.map { $0[column].count + 2 }.max() ?? 0)
    }
    return rows.map { row in
      row.enumerated().map { index, cell in
        index == row.count - 1
          ? cell : cell + String(repeating: " ", count: widths[index] - cell.count)
      }.joined()
    }.joined(separator: "\n")
  }
}

/// Dates of the Gregorian calendar, UTC.
enum CivilTime {
  /// `2021-01-06 17:37:16`
  /// - Parameter seconds: since the Unix epoch.
  static func text(seconds: Int64) -> String {
    let day = Int64((Double(seconds) / 86_400).rounded(.down))
    let rest = seconds - day * 86_400
    let date = date(day: day)
    return "\(padded(date.year, 4))-\(padded(date.month, 2))-\(padded(date.day, 2)) "
      + "\(padded(rest / 3_600, 2)):\(padded(rest / 60 % 60, 2)):\(padded(rest % 60, 2))"
  }

  /// `06 Jan 21 17:37 UTC`, as Go's time.RFC822.
  static func rfc822(seconds: Int64) -> String {
    let months = [
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
    let day = Int64((Double(seconds) / 86_400).rounded(.down))
    let rest = seconds - day * 86_400
    let date = date(day: day)
    return "\(padded(date.day, 2)) \(months[Int(date.month) - 1]) "
      + "\(padded((date.year % 100 + 100) % 100, 2)) "
      + "\(padded(rest / 3_600, 2)):\(padded(rest / 60 % 60, 2)) UTC"
  }

  /// By eras of 400 years, each of which begins on the first of March.
  /// - Parameter day: since 1970-01-01.
  private static func date(day: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let shifted = day + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra =
      (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    return (
      yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month,
      dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    )
  }

  private static func padded(_ number: Int64, _ digits: Int) -> String {
    let text = "\(number.magnitude)"
    return (number < 0 ? "-" : "")
      + String(repeating: "0", count: max(0, digits - text.count)) + text
  }
}

/// Durations as Go prints them: `2h0m0s`.
enum GoDuration {
  static func text(ms: Int64) -> String {
    if ms == 0 { return "0s" }
    let rest = ms.magnitude
    let sign = ms < 0 ? "-" : ""
    if rest < 1_000 { return "\(sign)\(rest)ms" }
    let hours = rest / 3_600_000
    let minutes = rest / 60_000 % 60
    let seconds = FloatText.f(Double(rest % 60_000) / 1_000) + "s"
    if hours > 0 { return "\(sign)\(hours)h\(minutes)m\(seconds)" }
    return minutes > 0 ? "\(sign)\(minutes)m\(seconds)" : sign + seconds
  }

  /// With parts of a second down to nanoseconds: `1.5s`, `12.345ms`, `50.2µs`, `80ns`.
  static func text(ns: UInt64) -> String {
    switch ns {
    case 0: "0s"
    case ..<1_000: "\(ns)ns"
    case ..<1_000_000: FloatText.f(Double(ns) / 1e3) + "µs"
    case ..<1_000_000_000: FloatText.f(Double(ns) / 1e6) + "ms"
    default:
      ns < 60_000_000_000
        ? FloatText.f(Double(ns) / 1e9) + "s" : text(ms: Int64(ns / 1_000_000))
    }
  }
}
