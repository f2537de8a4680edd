import Testing

@testable import ApusPromQL

@Suite struct WindowLanesTests {
  private func column(_ seed: UInt64, special: Bool) -> [Double] {
    var state = seed
    return (0..<200).map { i in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      if special && state >> 60 == 0 { return [.infinity, -.infinity, .nan, 0, -0.0][i % 5] }
      let exponent = Int(state >> 40 & 63) - 32
      return Double(Int64(bitPattern: state)) * (exponent < 0 ? 1e-12 : 1e30)
    }
  }

  private func same(_ a: Double, _ b: Double) -> Bool {
    a.isNaN && b.isNaN || a.bitPattern == b.bitPattern
  }

  @Test(arguments: [1, 2, 7, 20], [false, true])
  func `four windows at once give what one at a time gives, to the bit`(
    count: Int, special: Bool
  ) {
    for seed in 1...20 as ClosedRange<UInt64> {
      let values = column(seed, special: special)
      let times = (0..<200).map { Int64($0 * $0) * 37 }
      for step in 0..<40 {
        let lows = [step, step + 3, step + 90, step + 4]
        let highs = lows.map { $0 + count }
        guard let lanes = WindowLanes(lows.span, highs.span, 0) else {
          Issue.record("windows of one length make no lanes")
          return
        }
        let sums = lanes.sums(values.span)
        let averages = lanes.averages(values.span)
        let variances = lanes.variances(values.span)
        let lines = lanes.lines(times.span, values.span, interceptMs: [5, 6, 7, 8])
        for lane in 0..<4 {
          let window = values.span.extracting(lows[lane]..<highs[lane])
          let line = Regression.line(
            times.span.extracting(lows[lane]..<highs[lane]), window,
            interceptMs: Int64(5 + lane))
          let sum = OverTimeSums.sum(window)
          let average = OverTimeSums.average(window)
          let variance = Variance.variance(window)
          #expect(same(sums[lane], sum))
          if let averages { #expect(same(averages[lane], average)) }
          #expect(same(variances[lane], variance))
          #expect(same(lines.slope[lane], line.slope))
          #expect(same(lines.intercept[lane], line.intercept))
        }
      }
    }
  }
}
