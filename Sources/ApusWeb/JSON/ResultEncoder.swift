internal import ApusModel
package import ApusPromQL
internal import ApusSystem

/// A query's answer as JSON, made piece by piece.
///
///     {"status":"success","data":{"resultType":"matrix","result":[...],"stats":{...}},...}
package struct ResultEncoder: PieceSource {
  private enum Stage {
    case opening
    /// The series to go on with; `point` 0 stands for its labels.
    case series(Int, point: Int)
    case closing
    case done
  }

  private let result: QueryResult
  private let showsStatistics: Bool
  private var stage = Stage.opening
  private let pieceBytes: Int

  package init(
    _ result: QueryResult, showsStatistics: Bool, pieceBytes: Int = Limits.pieceBytes
  ) {
    self.result = result
    self.showsStatistics = showsStatistics
    self.pieceBytes = pieceBytes
  }

  /// Whether the answer may be longer than one piece.
  package static func isLarge(_ result: QueryResult) -> Bool {
    switch result.value {
    case .scalar, .string: false
    case .vector(let series): series.count > 200
    case .matrix(let series): series.lazy.map(\.times.count).reduce(0, +) > 1000
    }
  }

  package mutating func next() -> [UInt8]? {
    if case .done = stage { return nil }
    var json = JSONWriter(capacityBytes: pieceBytes + 1024)
    while json.bytes.count < pieceBytes {
      switch stage {
      case .opening:
        json.raw(Envelope.opening)
        json.raw(#"{"resultType":""#)
        writeHead(to: &json)
      case .series(let index, let point):
        writeSeries(index, from: point, to: &json)
      case .closing:
        json.raw("]")
        writeTail(to: &json)
      case .done: return json.bytes
      }
    }
    return json.bytes
  }

  private mutating func writeHead(to json: inout JSONWriter) {
    stage = .series(0, point: 0)
    switch result.value {
    case .scalar(let timeMs, let value):
      json.raw(#"scalar","result":["#)
      json.seconds(ms: timeMs)
      json.raw(",")
      json.sampleValue(value)
      stage = .closing
    case .string(let timeMs, let value):
      json.raw(#"string","result":["#)
      json.seconds(ms: timeMs)
      json.raw(",")
      json.string(value)
      stage = .closing
    case .vector: json.raw(#"vector","result":["#)
    case .matrix: json.raw(#"matrix","result":["#)
    }
  }

  private mutating func writeTail(to json: inout JSONWriter) {
    if showsStatistics {
      json.raw(#","stats":"#)
      json.statistics(result.statistics)
    }
    if let explanation = result.explanation {
      json.raw(#","explain":"#)
      json.explanation(explanation)
    }
    json.raw("}")
    Envelope.writeEnd(result.annotations, to: &json)
    stage = .done
  }

  private mutating func writeSeries(_ index: Int, from point: Int, to json: inout JSONWriter) {
    switch result.value {
    case .scalar, .string: stage = .closing
    case .vector(let all):
      guard index < all.count else {
        stage = .closing
        return
      }
      json.comma(before: index)
      json.instant(all[index])
      stage = .series(index + 1, point: 0)
    case .matrix(let all):
      guard index < all.count else {
        stage = .closing
        return
      }
      if point == 0 {
        json.comma(before: index)
        json.raw(#"{"metric":"#)
        json.labels(all[index].labels)
      }
      let next = json.points(of: all[index], from: point, until: pieceBytes)
      stage = next.map { .series(index, point: $0) } ?? .series(index + 1, point: 0)
    }
  }
}

extension JSONWriter {
  /// `{"metric":{...},"value":[1,"2"]}`
  fileprivate mutating func instant(_ series: InstantSeries) {
    raw(#"{"metric":"#)
    labels(series.labels)
    switch series.value {
    case .float(let value):
      raw(#","value":["#)
      seconds(ms: series.timeMs)
      raw(",")
      sampleValue(value)
    case .histogram(let histogram):
      raw(#","histogram":["#)
      seconds(ms: series.timeMs)
      raw(",")
      self.histogram(histogram)
    }
    raw("]}")
  }

  /// The points of a series from number `from` on, floats before histograms, and the brackets
  /// around them.
  /// - Returns: the number of the point to go on with, nil where the series is at its end.
  fileprivate mutating func points(
    of series: RangeSeries, from: Int, until bytesMax: Int
  ) -> Int? {
    let floats = series.times.count
    var at = from
    if at < floats {
      if at == 0 { raw(#","values":"#) }
      at = floatPoints(series.times.span, series.values.span, from: at, until: bytesMax)
      guard at == floats else { return at }
      raw("]")
    }
    while at - floats < series.histograms.count {
      let i = at - floats
      raw(i == 0 ? #","histograms":[["# : ",[")
      seconds(ms: series.histogramTimes[i])
      raw(",")
      histogram(series.histograms[i])
      raw("]")
      at += 1
      let isLast = i + 1 == series.histograms.count
      if isLast { raw("]") }
      if bytes.count >= bytesMax && !isLast { return at }
    }
    raw("}")
    return nil
  }

  /// `[1,"2"],[3,"4"]`, with a comma before it unless it begins with point 0.
  /// - Returns: the number of points written so far, those before `from` among them.
  fileprivate mutating func floatPoints(
    _ times: Span<Int64>, _ values: Span<Double>, from: Int, until bytesMax: Int
  ) -> Int {
    let start = bytes.count
    var i = from
    // At least one point, for point 0 stands for a series that has not begun.
    repeat {
      bytes.append(upTo: min(times.count - i, 128) * PointText.bytesMax) { out in
        let last = out.byteCount - PointText.bytesMax
        var at = 0
        while i < times.count && at <= last {
          at = PointText.write(times[i], values[i], to: &out, at: at)
          i &+= 1
        }
        return at
      }
    } while i < times.count && bytes.count < bytesMax
    // Every point brings the comma before it.
    if from == 0 { bytes[start] = UInt8(ascii: "[") }
    return i
  }

  /// The API's `stats`.
  fileprivate mutating func statistics(_ statistics: QueryStatistics) {
    let timings = [
      ("evalTotalTime", statistics.evalTotalSeconds),
      ("resultSortTime", statistics.resultSortSeconds),
      ("queryPreparationTime", statistics.queryPreparationSeconds),
      ("innerEvalTime", statistics.innerEvalSeconds),
      ("execQueueTime", statistics.execQueueSeconds),
      ("execTotalTime", statistics.execTotalSeconds),
    ]
    raw(#"{"timings":{"#)
    for (i, timing) in timings.enumerated() {
      comma(before: i)
      key(timing.0)
      number(timing.1)
    }
    raw(#"},"samples":{"#)
    samples("totalQueryableSamplesPerStep", statistics.samplesPerStep)
    raw(#""totalQueryableSamples":"#)
    int(statistics.totalQueryableSamples)
    raw(",")
    samples("samplesReadPerStep", statistics.samplesReadPerStep)
    raw(#""samplesRead":"#)
    int(statistics.samplesRead)
    raw(#","peakSamples":"#)
    int(statistics.peakSamples)
    raw("}}")
  }

  /// Samples of each step, with a comma behind; nothing where they were not counted.
  private mutating func samples(
    _ name: String, _ steps: [(timeMs: Int64, samples: Int)]?
  ) {
    guard let steps else { return }
    key(name)
    raw("[")
    for (i, step) in steps.enumerated() {
      comma(before: i)
      raw("[")
      seconds(ms: step.timeMs)
      raw(",")
      int(step.samples)
      raw("]")
    }
    raw("],")
  }
}
