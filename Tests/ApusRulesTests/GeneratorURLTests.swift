import ApusRules
import Testing

@Suite struct GeneratorURLTests {
  @Test func `an expression is escaped as Go escapes queries`() {
    #expect(
      GeneratorURL.table("http://a:9090", "up{job=\"x y\"} == 0")
        == "http://a:9090/graph?g0.expr=up%7Bjob%3D%22x+y%22%7D+%3D%3D+0&g0.tab=1")
  }
}
