import ApusTSDB
import ApusTesting

/// What one seed is about. Each switches on another part of what may happen, so that rare
/// combinations come up often.
struct SimulationPlan {
  var options = TSDBOptions()
  var stepCount: Int
  var seriesCount: Int
  /// One in so many appends moves the set of series on; 0 for never.
  var churnOneIn: Int
  var scrapesPerStep: Int
  var scrapeIntervalMs: Int64
  /// Most time that passes between two steps.
  var pauseMs: Int64
  var hasHistograms: Bool
  var hasBadSamples: Bool
  var deletes: Bool
  var kills: Bool
  var losesPower: Bool
  var runsFull: Bool
  var breaksCalls: Bool
  var turnsReadOnly: Bool

  init(_ chance: inout FaultChance) {
    let hour: Int64 = 3_600_000
    options.blockMinMs = chance.oneIn(3) ? hour / 2 : 2 * hour
    options.retentionMs = [4 * 24 * hour, 15 * 24 * hour, 0][chance.below(3)]
    options.walSegmentBytes = [32 << 10, 64 << 10, 256 << 10][chance.below(3)]
    options.walCompression = chance.oneIn(2) ? .snappy : .none
    options.exemplarsMax = chance.oneIn(3) ? 20 : 0
    if chance.oneIn(4) { options.outOfOrderWindowMs = Int64(1 + chance.below(6)) * hour }
    options.headImageLogBytesMin = 0
    stepCount = 16 + chance.below(24)
    seriesCount = 1 + chance.below(chance.oneIn(4) ? 40 : 8)
    churnOneIn = chance.oneIn(2) ? 1 + chance.below(10) : 0
    scrapesPerStep = 1 + chance.below(seriesCount > 8 ? 6 : 30)
    scrapeIntervalMs = [5_000, 15_000, 60_000, 240_000][chance.below(4)]
    pauseMs = [0, hour / 4, 3 * hour, 12 * hour][chance.below(4)]
    hasHistograms = chance.oneIn(3)
    hasBadSamples = !chance.oneIn(3)
    // What is deleted hides what comes late in its place, until the head is cut.
    deletes = chance.oneIn(2) && options.outOfOrderWindowMs == 0
    kills = !chance.oneIn(4)
    losesPower = chance.oneIn(2)
    runsFull = chance.oneIn(4)
    breaksCalls = chance.oneIn(4)
    turnsReadOnly = chance.oneIn(8)
  }
}
