/// The whole query as the uppermost operator of its explanation.
enum QueryRoot {
  static func explanation(
    _ recorder: ExplainRecorder, _ request: QueryRequest, _ result: QueryResult
  ) -> Explanation {
    let children = recorder.explanation(request.expression)
    let below = children.reduce(0) { $0 + $1.seconds }
    let seconds = result.statistics.innerEvalSeconds
    let (series, samples) = size(result.value)
    return Explanation(
      operatorName: "query", expression: request.expression,
      steps: children.map { $0.steps }.max() ?? 1, series: series, samples: samples,
      samplesRead: 0, bytes: result.statistics.peakSamples * ExplainRecorder.sampleBytes,
      seconds: seconds, selfSeconds: max(0, seconds - below), children: children)
  }

  private static func size(_ value: QueryResult.Value) -> (series: Int, samples: Int) {
    switch value {
    case .scalar, .string: (1, 1)
    case .vector(let all): (all.count, all.count)
    case .matrix(let all):
      (all.count, all.reduce(0) { $0 + $1.times.count + $1.histogramTimes.count })
    }
  }
}
