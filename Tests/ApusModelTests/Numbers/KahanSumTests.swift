import ApusModel
import Testing

struct KahanSumTests {
  @Test func `small terms survive between large ones that cancel`() {
    var sum = KahanSum()
    for value in [1, 1e100, 1, -1e100] { sum.add(value) }
    #expect(sum.value == 2)
  }

  @Test func `an infinity clears the compensation`() {
    var sum = KahanSum()
    for value in [0.1, 0.2, Double.infinity, 1] { sum.add(value) }
    #expect(sum.value == .infinity)
    #expect(sum.compensation == 0)
    sum.add(-.infinity)
    #expect(sum.value.isNaN)
  }

  @Test func `two sums add with their compensations`() {
    var a = KahanSum(1, compensation: 0.25)
    a.add(KahanSum(2, compensation: 0.5))
    #expect(a.value == 3.75)
  }
}
