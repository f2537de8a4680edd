import ApusModel
import ApusSystem

/// Writes the load that `Benchmarks/peers` gives to Apus and to its peers, the same bytes to each:
/// remote-write requests, or a text in the OpenMetrics format.
///
/// `PeerLoad KEY=VALUE...`: out=FILE, series=, steps=, interval=MS, end=MS (of the last sample),
/// batch= (samples a request), replaced= and every= (so many targets are replaced by new ones at
/// each so many steps), format=write|openmetrics.
@main
struct PeerLoad {
  let out: String
  let series, steps, batch, replaced, every: Int
  let intervalMs, endMs: Int64

  static func main() throws {
    var options: [String: String] = [:]
    for argument in CommandLine.arguments.dropFirst() {
      let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
      options[parts[0]] = parts.count == 2 ? parts[1] : ""
    }
    func number(_ name: String, _ usual: Int) -> Int {
      options[name].flatMap { Int($0) } ?? usual
    }
    let load = PeerLoad(
      out: options["out"] ?? "/tmp/apus-peer-load", series: number("series", 100_000),
      steps: number("steps", 60), batch: number("batch", 2_000), replaced: number("replaced", 0),
      every: number("every", 1), intervalMs: Int64(number("interval", 15_000)),
      endMs: Int64(number("end", 1_700_000_000_000)))
    if options["format"] == "openmetrics" { try load.writeText() } else { try load.writeRequests() }
  }

  private func time(_ step: Int) -> Int64 { endMs - Int64(steps - 1 - step) * intervalMs }

  /// Requests one after the other, each behind its length as 32 bits, little endian. Those of one
  /// step follow each other in the order of the series.
  private func writeRequests() throws {
    var model = NodeSeries(count: series)
    let file = try emptyFile()
    var body = ProtobufWriter(capacityBytes: 1 << 20)
    var packed = ByteWriter(capacityBytes: 1 << 20)
    var victim = 0
    for step in 0..<steps {
      if replaced > 0 && step > 0 && step % every == 0 {
        for _ in 0..<replaced {
          model.replace(target: victim % model.targetCount)
          victim += 1
        }
      }
      for first in stride(from: 0, to: series, by: batch) {
        body.removeAll()
        for one in first..<min(first + batch, series) {
          body.message(1) { writer in
            for (name, value) in model.labels(one) {
              writer.message(1) { label in
                label.string(1, name)
                label.string(2, value)
              }
            }
            writer.message(2) { sample in
              sample.double(1, model.next(one))
              sample.int64(2, time(step))
            }
          }
        }
        packed.removeAll()
        packed.le32(0)
        Snappy.compress(body.span, into: &packed)
        let length = UInt32(packed.count - 4)
        for i in 0..<4 { packed.patch(at: i, UInt8(truncatingIfNeeded: length >> (8 * i))) }
        try file.append(packed.span)
      }
    }
    try file.close()
  }

  /// All samples of a series follow each other.
  private func writeText() throws {
    var model = NodeSeries(count: series)
    let file = try emptyFile()
    var text = ByteWriter(capacityBytes: 1 << 20)
    for one in 0..<series {
      let labels = model.labels(one)
      let rest = labels.dropFirst().map { "\($0.name)=\"\($0.value)\"" }.joined(separator: ",")
      let head = labels[0].value + "{" + rest + "} "
      for step in 0..<steps {
        text.append(head)
        text.append("\(model.next(one)) \(time(step) / 1000)\n")
      }
      try file.append(text.span)
      text.removeAll()
    }
    text.append("# EOF\n")
    try file.append(text.span)
    try file.close()
  }

  private func emptyFile() throws -> any AppendFile {
    let files = PosixFileSystem()
    try files.remove(out)
    return try files.create(out, .written)
  }
}
