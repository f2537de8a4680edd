internal import ApusModel
internal import ApusSystem
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

extension CivilTime {
  /// `2021-01-06 17:37:16`, UTC.
  /// - Parameter seconds: since the Unix epoch.
  static func text(seconds: Int64) -> String {
    CivilTime(ms: seconds * 1_000).rfc3339.replacing("T", with: " ").replacing("Z", with: "")
  }

  /// `06 Jan 21 17:37 UTC`, as Go's time.RFC822.
  static func rfc822(seconds: Int64) -> String {
    let months = [
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
    let time = CivilTime(ms: seconds * 1_000)
    return "\(time.day.padded(to: 2)) \(months[time.month - 1]) "
      + "\((time.year % 100).padded(to: 2)) "
      + "\(time.hour.padded(to: 2)):\(time.minute.padded(to: 2)) UTC"
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
