internal import ApusSystem

/// Methods of Go's values that templates may call: those of times and durations.
enum TemplateMethods {
  struct Method {
    let name: String
    var parameters: [ParameterType] = []
    let body: (TemplateValue, [TemplateValue]) throws(CallFailure) -> TemplateValue
  }

  static func find(_ name: String, of receiver: TemplateValue) -> Method? {
    switch receiver {
    case .time(let time): ofTime(name, time)
    case .duration(let nanoseconds): ofDuration(name, nanoseconds)
    default: nil
    }
  }

  private static func constant(_ name: String, _ value: TemplateValue) -> Method {
    Method(name: name) { (_, _) in value }
  }

  private static func ofTime(_ name: String, _ time: GoTime) -> Method? {
    let civil = time.civil
    switch name {
    case "Format":
      return Method(name: name, parameters: [.string]) { (_, values) in
        guard case .string(let layout) = values[0] else { return .string("") }
        return .string(time.formatted(layout))
      }
    case "String": return constant(name, .string(time.description))
    case "UTC", "Local": return constant(name, .time(time))
    case "Unix": return constant(name, .int(time.secondsSinceEpoch))
    case "UnixMilli": return constant(name, .int(time.ms))
    case "UnixMicro": return constant(name, .int(time.ms &* 1000))
    case "UnixNano": return constant(name, .int(time.ms &* 1_000_000))
    case "Year": return constant(name, .int(Int64(civil.year)))
    case "Month": return constant(name, .string(GoTime.months[civil.month - 1]))
    case "Day": return constant(name, .int(Int64(civil.day)))
    case "YearDay": return constant(name, .int(Int64(civil.dayOfYear)))
    case "Weekday": return constant(name, .string(GoTime.weekdays[civil.weekday]))
    case "Hour": return constant(name, .int(Int64(civil.hour)))
    case "Minute": return constant(name, .int(Int64(civil.minute)))
    case "Second": return constant(name, .int(Int64(civil.second)))
    case "Nanosecond": return constant(name, .int(Int64(civil.millisecond) * 1_000_000))
    case "IsZero": return constant(name, .bool(time.ms == -62_135_596_800_000))
    default: return nil
    }
  }

  private static func ofDuration(_ name: String, _ nanoseconds: Int64) -> Method? {
    let value = Double(nanoseconds)
    switch name {
    case "String": return constant(name, .string(GoDuration.text(nanoseconds)))
    case "Hours": return constant(name, .float(value / 3.6e12))
    case "Minutes": return constant(name, .float(value / 6e10))
    case "Seconds": return constant(name, .float(value / 1e9))
    case "Milliseconds": return constant(name, .int(nanoseconds / 1_000_000))
    case "Microseconds": return constant(name, .int(nanoseconds / 1000))
    case "Nanoseconds": return constant(name, .int(nanoseconds))
    default: return nil
    }
  }
}
