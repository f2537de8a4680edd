import ApusModel
import ApusStorage
import ApusSystem
import ApusTSDB
import Testing

@Suite struct BlockMetaTests {
  @Test(arguments: [BlockFixtures.first, BlockFixtures.second])
  func `promtool's meta is written as it was read`(path: String) throws {
    let bytes = try PosixFileSystem().read(path + "/meta.json")
    let meta = try BlockMeta.decode(bytes, path: "meta.json")
    #expect(meta.encode() == bytes)
    #expect(path.hasSuffix(meta.ulid.description))
    #expect(meta.compaction.sources == [meta.ulid])
    #expect(meta.compaction.level == 1)
  }

  @Test func `everything is kept, also what Thanos adds`() throws {
    let text = """
      {
      \t"ulid": "01HF7YAT01BK0VXTWDM5JRXV37",
      \t"minTime": -5,
      \t"maxTime": 1700006370001,
      \t"stats": {
      \t\t"numSamples": 6,
      \t\t"numFloatSamples": 5,
      \t\t"numHistogramSamples": 1,
      \t\t"numSeries": 4,
      \t\t"numChunks": 3,
      \t\t"numTombstones": 2
      \t},
      \t"compaction": {
      \t\t"level": 3,
      \t\t"sources": [
      \t\t\t"01M7Y5WE9JXXHYZJV2NB70SH6J",
      \t\t\t"01M7Y5WEB9W61XDHYTEGJS8ATJ"
      \t\t],
      \t\t"deletable": true,
      \t\t"parents": [
      \t\t\t{
      \t\t\t\t"ulid": "01M7Y5WE9JXXHYZJV2NB70SH6J",
      \t\t\t\t"minTime": 0,
      \t\t\t\t"maxTime": 7
      \t\t\t}
      \t\t],
      \t\t"failed": true,
      \t\t"hints": [
      \t\t\t"from-out-of-order"
      \t\t]
      \t},
      \t"version": 1,
      \t"thanos": {
      \t\t"labels": {
      \t\t\t"replica": "a\\"b\\u003c"
      \t\t},
      \t\t"downsample": {
      \t\t\t"resolution": 0.5
      \t\t},
      \t\t"files": [],
      \t\t"index_stats": null
      \t}
      }
      """
    let meta = try BlockMeta.decode(Array(text.utf8), path: "meta.json")
    #expect(meta.compaction.isDeletable && meta.compaction.isFailed)
    #expect(meta.compaction.isFromOutOfOrder && !meta.compaction.isFromStaleSeries)
    #expect(meta.compaction.parents.first?.maxTimeMs == 7)
    #expect(meta.stats.tombstoneCount == 2)
    #expect(String(decoding: meta.encode(), as: UTF8.self) == text)
  }

  @Test func `missing and null members are empty`() throws {
    let text = """
      {"version":1,"ulid":"01HF7YAT01BK0VXTWDM5JRXV37","minTime":0,"maxTime":1,"stats":null,
       "compaction":{"level":1,"sources":null}}
      """.replacing("\"stats\":null,", with: "")
    let meta = try BlockMeta.decode(Array(text.utf8), path: "meta.json")
    #expect(meta.stats == BlockMeta.Stats())
    #expect(meta.compaction.sources == [])
  }

  @Test(arguments: [
    ("", "unexpected end at offset 0"),
    ("{", "name wanted at offset 1"),
    ("[]", "an object is wanted"),
    (#"{"version":2}"#, "unexpected meta file version 2"),
    (#"{"version":1}"#, "ulid is missing"),
    (#"{"version":1,"ulid":"x"}"#, "a ULID of 26 characters is wanted"),
    (#"{"version":1,"ulid":"01HF7YAT01BK0VXTWDM5JRXV37","minTime":1.5}"#, "minTime must be an"),
    (
      #"{"version":1,"ulid":"01HF7YAT01BK0VXTWDM5JRXV37","minTime":2,"maxTime":1}"#,
      "minTime 2 and maxTime 1 are no range"
    ),
    (
      #"{"version":1,"ulid":"01HF7YAT01BK0VXTWDM5JRXV37","stats":{"numSeries":-1}}"#,
      "numSeries must be an integer, not negative"
    ),
    (#"{"version":1} x"#, "unexpected text after the end"),
  ])
  func `what is wrong is said`(text: String, wanted: String) {
    let error = #expect(throws: StorageError.self) {
      try BlockMeta.decode(Array(text.utf8), path: "/x/meta.json")
    }
    #expect(error?.description.contains(wanted) ?? false, "\(error.debugDescription)")
    #expect(error?.description.hasPrefix("block meta file /x/meta.json: ") ?? false)
  }

  @Test func `deep nesting is refused`() {
    let text = String(repeating: "[", count: 100_000)
    #expect(throws: StorageError.self) {
      try BlockMeta.decode(Array(text.utf8), path: "meta.json")
    }
  }

  @Test func `merging joins sources and names parents`() throws {
    let a = ULID(high: 1, low: 1)
    let b = ULID(high: 2, low: 2)
    var one = BlockMeta(ulid: a, minTimeMs: 0, maxTimeMs: 10)
    one.compaction.sources = [b, a]
    one.compaction.level = 4
    var two = BlockMeta(ulid: b, minTimeMs: -5, maxTimeMs: 7)
    two.compaction.sources = [b]
    two.compaction.hints = [BlockMeta.Compaction.fromOutOfOrderHint]
    let merged = BlockMeta.merging([one, two], as: ULID(high: 3, low: 3))
    #expect(merged.minTimeMs == -5 && merged.maxTimeMs == 10)
    #expect(merged.compaction.level == 5)
    #expect(merged.compaction.sources == [a, b])
    #expect(merged.compaction.parents.map(\.ulid) == [a, b])
    #expect(merged.compaction.hints == [])
    one.compaction.hints = [BlockMeta.Compaction.fromStaleSeriesHint]
    #expect(BlockMeta.merging([one], as: a).compaction.isFromStaleSeries)
  }
}

@Suite struct ULIDTests {
  @Test func `text and bits are the same name`() throws {
    let ulid = try #require(ULID("01ARZ3NDEKTSV4RRFFQ69G5FAV"))
    #expect(ulid.description == "01ARZ3NDEKTSV4RRFFQ69G5FAV")
    #expect(ulid.timeMs == 1_469_922_850_259)
    #expect(ULID("01arz3ndektsv4rrffq69g5fav") == ulid)
    #expect(ULID("7ZZZZZZZZZZZZZZZZZZZZZZZZZ") == ULID(high: .max, low: .max))
    #expect(ULID(high: 0, low: 0).description == "00000000000000000000000000")
  }

  @Test(arguments: [
    "", "01ARZ3NDEKTSV4RRFFQ69G5FA", "01ARZ3NDEKTSV4RRFFQ69G5FAVX",
    "81ARZ3NDEKTSV4RRFFQ69G5FAV", "01ARZ3NDEKTSV4RRFFQ69G5FAU", "01ARZ3NDEKTSV4RRFFQ69G5FA\u{e9}",
  ])
  func `other text is no name`(text: String) {
    #expect(ULID(text) == nil)
  }

  @Test func `names sort by time, then by chance`() {
    let random = SeededRandom(1)
    let early = ULID(timeMs: 1_000, random: random)
    let late = ULID(timeMs: 1_001, random: random)
    #expect(early < late)
    #expect(early.description < late.description)
    #expect(early.timeMs == 1_000)
    #expect(ULID(timeMs: 1_000, random: random) != early)
  }
}
