import ApusModel
import ApusStorage
import ApusTesting

/// Gauges of several names.
enum MixedStore {
  static func make(count: Int) -> MemoryStore {
    let store = MemoryStore()
    for i in 0..<count {
      var batch = SampleBatch()
      batch.times = (0..<40).map { Int64($0) * 15_000 }
      batch.values = (0..<40).map { Double($0) }
      store.append(["__name__": "m\(i)", "n": "\(i)"], batch)
    }
    return store
  }
}
