internal import ApusModel
internal import ApusSystem
internal import ApusTSDB
internal import ArgumentParser
internal import Foundation

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
    var table = TextTable(
      header: [
        "BLOCK ULID", "MIN TIME", "MAX TIME", "DURATION", "NUM SAMPLES", "NUM CHUNKS",
        "NUM SERIES", "SIZE",
      ])
    for block in try DataBlocks.open(path) {
      let meta = block.meta
      table.rows.append([
        meta.ulid.description, time(meta.minTimeMs), time(meta.maxTimeMs),
        GoDuration.text(ms: meta.maxTimeMs - meta.minTimeMs), "\(meta.stats.sampleCount)",
        "\(meta.stats.chunkCount)", "\(meta.stats.seriesCount)", size(block.sizeBytes),
      ])
    }
    Output.line(table.text)
  }

  private func time(_ ms: Int64) -> String {
    guard isHumanReadable else { return "\(ms)" }
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.timeZone = TimeZone(secondsFromGMT: 0)
    formatter.dateFormat = "yyyy-MM-dd HH:mm:ss"
    let seconds = TimeInterval(ms / 1_000)
    return formatter.string(from: Date(timeIntervalSince1970: seconds)) + " +0000 UTC"
  }

  private func size(_ bytes: Int) -> String {
    isHumanReadable ? ByteSizeText.text(bytes: Int64(bytes)) : "\(bytes)"
  }
}

/// Columns as Go's tabwriter aligns them: at least 13 wide, two spaces apart.
struct TextTable {
  let header: [String]
  var rows: [[String]] = []

  init(header: [String]) { self.header = header }

  var text: String {
    let all = [header] + rows
    let widths = header.indices.map { column in
      max(13, all.map { $0[column].count + 2 }.max() ?? 0)
    }
    return all.map { row in
      row.enumerated().map { index, cell in
        index == row.count - 1
          ? cell : cell + String(repeating: " ", count: widths[index] - cell.count)
      }.joined()
    }.joined(separator: "\n")
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
}
