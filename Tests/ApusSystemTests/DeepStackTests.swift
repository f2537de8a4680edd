import ApusSystem
import Testing

@Suite struct DeepStackTests {
  private static func depth(_ n: Int) -> Int { n == 0 ? 0 : 1 + Self.depth(n - 1) % Int.max }

  @Test func `recursion may go far deeper than on other threads`() {
    #expect(DeepStack.run { Self.depth(1_000_000) } == 1_000_000)
  }

  @Test func `what the work returns comes back, errors too`() throws {
    struct Failure: Error, Equatable { let number: Int }
    let failed = DeepStack.run { () -> Result<Int, Failure> in .failure(Failure(number: 7)) }
    #expect(failed == .failure(Failure(number: 7)))
  }
}
