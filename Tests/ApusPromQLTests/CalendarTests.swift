import Testing

@testable import ApusPromQL

@Test func `what is no moment is the one that Go makes of it`() {
  for value in [Double.nan, .infinity, -.infinity, 1e300] {
    #expect(CalendarFunction.year.value(value) == 292_277_026_596)
    #expect(CalendarFunction.month.value(value) == 12)
    #expect(CalendarFunction.hour.value(value) == 15)
    #expect(CalendarFunction.minute.value(value) == 30)
    #expect(CalendarFunction.dayOfYear.value(value) == 339)
    #expect(CalendarFunction.dayOfWeek.value(value) == 0)
  }
  #expect(CalendarFunction.year.value(1e18) == 31_688_740_476)
  #expect(CalendarFunction.year.value(-62_135_596_801) == 0)
}
