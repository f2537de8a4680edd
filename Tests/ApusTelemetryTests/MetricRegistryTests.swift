import ApusTelemetry
import Testing

@Suite struct MetricRegistryTests {
  @Test func `a snapshot lists families by name with their current values`() throws {
    let registry = MetricRegistry()
    let gauge = registry.gauge("zeta", help: "Last by name.")
    let counter = registry.counter("alpha_total", help: "First by name.")
    gauge.set(2.5)
    gauge.add(-1)
    counter.increment()
    counter.increment(by: 2)
    let families = registry.snapshot()
    #expect(families.map(\.name) == ["alpha_total", "zeta"])
    #expect(families[0].points.map(\.value) == [3])
    #expect(families[1].points.map(\.value) == [1.5])
  }

  @Test func `children are told apart by their label values and can be removed`() throws {
    let registry = MetricRegistry()
    let family = registry.counters("c_total", help: "", labels: ["job", "code"])
    family["a", "200"].increment(by: 4)
    family["b", "500"].increment()
    family.remove("b", "500")
    let points = try #require(registry.snapshot().first).points
    #expect(points.count == 1)
    #expect(points[0].labels.map(\.name) == ["job", "code"])
    #expect(points[0].labels.map(\.value) == ["a", "200"])
    #expect(points[0].value == 4)
  }

  @Test func `bounds are written as Go writes them`() throws {
    let registry = MetricRegistry()
    let bounds = [
      -2.5e7, 1e-05, 0.0001, 0.25, 1, 409_600, 1e6, 1_638_400, 26_214_400, 1e16, 1.5e300,
    ]
    _ = registry.distribution("d", help: "", bounds: bounds)
    let points = try #require(registry.snapshot().first).points
    let texts = points.compactMap { $0.labels.first { $0.name == "le" }?.value }
    #expect(
      texts == [
        "-2.5e+07", "1e-05", "0.0001", "0.25", "1", "409600", "1e+06", "1.6384e+06", "2.62144e+07",
        "1e+16", "1.5e+300", "+Inf",
      ])
  }

  @Test func `a histogram's buckets are cumulative and end with +Inf`() throws {
    let registry = MetricRegistry()
    let distribution = registry.distribution("d", help: "", bounds: [1, 10])
    for value in [0.5, 1, 5, 100] { distribution.observe(value) }
    let points = try #require(registry.snapshot().first).points
    #expect(points.map(\.suffix) == ["_bucket", "_bucket", "_bucket", "_sum", "_count"])
    #expect(points.map(\.value) == [2, 3, 4, 106.5, 4])
    #expect(points[2].labels.first?.value == "+Inf")
  }
}
