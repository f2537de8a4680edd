/// Writes expressions that are valid and mean something, of all operators and functions that the
/// reference knows.
struct RandomExpressions {
  /// A vector expression, and what may be done with it without the order of its series showing.
  struct Made {
    var text: String
    /// Series come in label order, at every step.
    var isOrdered = false
    /// Values are short binary fractions, whose sums are the same in any order.
    var isExact = false
    /// The labels that its series are known to differ by.
    var hasName = false
  }

  var dice: Dice

  init(seed: UInt64) { dice = Dice(seed: seed) }

  /// Vectors of the expression that is being written: parts are repeated now and then.
  private var earlier: [Made] = []

  mutating func expression() -> String {
    earlier = []
    return dice.once(in: 12) ? scalar(3) : vector(1 + dice.below(4)).text
  }

  mutating func vector(_ depth: Int) -> Made {
    if !earlier.isEmpty, dice.once(in: 6) { return dice.pick(earlier) }
    let made = newVector(depth)
    earlier.append(made)
    return made
  }

  private mutating func newVector(_ depth: Int) -> Made {
    if depth <= 0 { return selector() }
    switch dice.below(20) {
    case 0...2: return selector()
    case 3...7: return window(depth)
    case 8...11: return aggregate(depth)
    case 12...15: return binary(depth)
    case 16: return set(depth)
    case 17: return labels(depth)
    default: return function(depth)
    }
  }

  // MARK: Leaves

  mutating func number() -> String {
    dice.pick(["0", "1", "2", "0.5", "-1", "3.25", "10", "NaN", "Inf", "100", "1e3"])
  }

  mutating func scalar(_ depth: Int) -> String {
    if depth <= 0 { return number() }
    switch dice.below(8) {
    case 0: return "time()"
    case 1: return "scalar(\(vector(depth - 1).text))"
    case 2: return "(\(scalar(depth - 1)) \(dice.pick(["+", "-", "*", "/", "%"])) \(number()))"
    case 3: return "-\(scalar(depth - 1))"
    case 4: return dice.pick(["start()", "end()", "step()", "pi()"])
    default: return number()
    }
  }

  private mutating func matchers() -> String {
    switch dice.below(6) {
    case 0: return #"{a="x"}"#
    case 1: return #"{b=~"1|2"}"#
    case 2: return #"{a!="y"}"#
    case 3: return #"{b!="",a=~"x|y"}"#
    default: return ""
    }
  }

  private mutating func modifiers() -> String {
    var text = ""
    if dice.once(in: 6) { text += " offset \(dice.pick(["1m", "90s", "-1m", "7s", "10m"]))" }
    if dice.once(in: 12) { text += " @ \(dice.pick(["600", "start()", "end()", "1234.567"]))" }
    return text
  }

  private mutating func metric() -> String {
    if dice.once(in: 15) { return #"{__name__=~"m|o"}"# }
    return dice.pick(RandomData.names) + matchers()
  }

  private mutating func selector() -> Made {
    let name = metric()
    let smoothed = dice.once(in: 25) ? " smoothed" : ""
    return Made(
      text: name + smoothed + modifiers(), isOrdered: true, isExact: smoothed.isEmpty,
      hasName: true)
  }

  // MARK: Windows

  private static let exactWindows = [
    "max_over_time", "min_over_time", "last_over_time", "first_over_time", "sum_over_time",
    "count_over_time", "present_over_time", "changes", "resets", "idelta",
  ]

  private static let otherWindows = [
    "rate", "increase", "delta", "irate", "avg_over_time", "stddev_over_time",
    "stdvar_over_time", "deriv", "mad_over_time", "ts_of_first_over_time",
    "ts_of_last_over_time", "ts_of_max_over_time", "ts_of_min_over_time",
  ]

  private mutating func window(_ depth: Int) -> Made {
    if dice.once(in: 10) { return widened() }
    let isSubquery = depth > 1 && dice.once(in: 4)
    var range: String
    var isExact = true
    if isSubquery {
      let inner = vector(depth - 1)
      isExact = inner.isExact
      let step = dice.pick(["", "30s", "17s", "1m"])
      range = "(\(inner.text))[\(dice.pick(["1m", "5m", "7m"])):\(step)]" + modifiers()
    } else {
      range = metric() + "[\(dice.pick(["15s", "1m", "5m", "5m", "10m", "20m"]))]" + modifiers()
    }
    let made: (String, Bool) =
      switch dice.below(12) {
      case 0: ("quantile_over_time(\(number()), \(range))", false)
      case 1: ("predict_linear(\(range), \(number()))", false)
      case 2: ("double_exponential_smoothing(\(range), 0.5, 0.25)", false)
      case 3: ("absent_over_time(\(range))", true)
      case 4...7: ("\(dice.pick(Self.exactWindows))(\(range))", isExact)
      default: ("\(dice.pick(Self.otherWindows))(\(range))", false)
      }
    return Made(text: made.0, isOrdered: !isSubquery, isExact: made.1)
  }

  private mutating func widened() -> Made {
    let range = metric() + "[\(dice.pick(["30s", "1m", "5m"]))]"
    let text =
      dice.once(in: 2)
      ? "\(dice.pick(["rate", "increase", "delta", "changes", "resets"]))(\(range) anchored)"
      : "\(dice.pick(["rate", "increase", "delta"]))(\(range) smoothed)"
    return Made(text: text, isOrdered: true)
  }

  // MARK: Operators

  private mutating func grouping() -> String {
    switch dice.below(6) {
    case 0: return ""
    case 1: return "by (a) "
    case 2: return "by (a, b) "
    case 3: return "without (b) "
    case 4: return "without (a, c) "
    default: return "by (b, nothing) "
    }
  }

  private mutating func aggregate(_ depth: Int) -> Made {
    let inner = vector(depth - 1)
    let by = grouping()
    var ops = ["count", "group", "min", "max"]
    if inner.isExact || inner.isOrdered { ops += ["sum", "sum", "sum", "avg"] }
    if inner.isOrdered { ops += ["stddev", "stdvar"] }
    switch dice.below(10) {
    case 0:
      return Made(text: "quantile \(by)(\(scalar(1)), \(inner.text))")
    case 1 where inner.isOrdered:
      let op = dice.pick(["topk", "bottomk", "limitk"])
      let count = dice.pick(["0", "1", "2", "3", "-1", "time() % 3", "1.7"])
      return Made(text: "\(op) \(by)(\(count), \(inner.text))", isExact: inner.isExact)
    case 2:
      return Made(
        text: "limit_ratio \(by)(\(dice.pick(["0.5", "-0.3", "1", "0", "-1"])), \(inner.text))",
        isOrdered: inner.isOrdered, isExact: inner.isExact)
    case 3:
      return Made(text: "count_values \(by)(\"v\", \(inner.text))", isExact: true)
    default:
      let op = dice.pick(ops)
      let isExact =
        op == "count" || op == "group" || (inner.isExact && !op.hasPrefix("std") && op != "avg")
      return Made(text: "\(op) \(by)(\(inner.text))", isExact: isExact)
    }
  }

  private mutating func matching() -> String {
    switch dice.below(10) {
    case 0: return "on (a) "
    case 1: return "on (a, b) "
    case 2: return "ignoring (b) "
    case 3: return "on (a) group_left () "
    case 4: return "on (a) group_right () "
    case 5: return "ignoring (b, c) group_left (b) "
    case 6: return "on () "
    default: return ""
    }
  }

  private mutating func binary(_ depth: Int) -> Made {
    let op = dice.pick(["+", "-", "*", "/", "%", "^", "atan2", "==", "!=", ">", "<", ">=", "<="])
    let isComparison = "=!<>".contains(op.prefix(1))
    let word = isComparison && dice.once(in: 3) ? op + " bool" : op
    let left = vector(depth - 1)
    if dice.once(in: 2) {
      let number = scalar(dice.below(2))
      let isLeft = dice.once(in: 3)
      return Made(
        text: isLeft ? "(\(number) \(word) \(left.text))" : "(\(left.text) \(word) \(number))",
        isOrdered: left.isOrdered, isExact: isComparison && left.isExact)
    }
    let right = vector(depth - 1)
    var fill = ""
    if dice.once(in: 8) { fill = dice.pick(["fill(0) ", "fill_left(1) ", "fill_right(2) "]) }
    return Made(
      text: "(\(left.text) \(word) \(matching())\(fill)\(right.text))",
      isExact: isComparison && left.isExact)
  }

  private mutating func set(_ depth: Int) -> Made {
    let left = vector(depth - 1)
    let right = vector(depth - 1)
    let how = dice.pick(["", "", "on (a) ", "ignoring (b) ", "on () "])
    let op = dice.pick(["and", "or", "unless"])
    return Made(
      text: "(\(left.text) \(op) \(how)\(right.text))", isOrdered: op != "or" && left.isOrdered,
      isExact: left.isExact && (op != "or" || right.isExact))
  }

  // MARK: Functions

  private mutating func labels(_ depth: Int) -> Made {
    let inner = vector(depth - 1)
    let target = dice.pick(["d", "a", "c", "__name__"])
    let source = dice.pick(["a", "b", "nothing"])
    if dice.once(in: 4) {
      return Made(
        text: #"label_join(\#(inner.text), "\#(target)", "-", "\#(source)")"#,
        isExact: inner.isExact)
    }
    let pattern = dice.pick(["(.*)", "x", "2"])
    let text = dice.pick(["$1", "new", ""])
    return Made(
      text:
        #"label_replace(\#(inner.text), "\#(target)", "\#(text)", "\#(source)", "\#(pattern)")"#,
      isExact: inner.isExact)
  }

  private mutating func function(_ depth: Int) -> Made {
    let inner = vector(depth - 1)
    switch dice.below(9) {
    case 0: return Made(text: "-\(inner.text)", isOrdered: inner.isOrdered, isExact: inner.isExact)
    case 1:
      let name = dice.pick(["clamp_min", "clamp_max"])
      return Made(text: "\(name)(\(inner.text), \(scalar(1)))", isOrdered: inner.isOrdered)
    case 2: return Made(text: "clamp(\(inner.text), \(number()), \(number()))")
    case 3:
      return Made(
        text: "round(\(inner.text)\(dice.once(in: 2) ? ", 0.5" : ""))",
        isOrdered: inner.isOrdered)
    case 4: return Made(text: "absent(\(inner.text))", isExact: true)
    case 5: return Made(text: "timestamp(\(inner.text))", isOrdered: inner.isOrdered)
    case 6:
      let name = dice.pick(["abs", "ceil", "floor", "sgn"])
      return Made(
        text: "\(name)(\(inner.text))", isOrdered: inner.isOrdered, isExact: inner.isExact)
    case 7: return Made(text: "vector(\(scalar(depth - 1)))")
    default:
      let name = dice.pick(["sqrt", "exp", "ln", "log2", "log10", "deg", "rad", "sin", "cos"])
      return Made(text: "\(name)(\(inner.text))", isOrdered: inner.isOrdered)
    }
  }
}
