internal import ApusModel

/// Plain decimal numbers straight from the bytes; whatever is not plain gives nil and goes to
/// `FloatText`.
///
/// With at most 15 digits and a power of ten up to 22, both the digits and the power are exact
/// doubles, so that one multiplication or division rounds correctly (Clinger, How to Read Floating
/// Point Numbers Accurately, 1990).
///
/// - Returns: the number and the place after it.
func quickNumber(_ bytes: Span<UInt8>, _ start: Int) -> (value: Double, end: Int)? {
  var i = start
  let count = bytes.count
  guard i < count else { return nil }
  let isNegative = bytes[i] == UInt8(ascii: "-")
  if isNegative || bytes[i] == UInt8(ascii: "+") { i += 1 }
  var mantissa: UInt64 = 0
  let first = i
  while i < count, bytes[i] &- 48 < 10 {
    mantissa = mantissa &* 10 &+ UInt64(bytes[i] &- 48)
    i += 1
  }
  var digits = i - first
  var power = 0
  if i < count, bytes[i] == UInt8(ascii: ".") {
    i += 1
    let afterPoint = i
    while i < count, bytes[i] &- 48 < 10 {
      mantissa = mantissa &* 10 &+ UInt64(bytes[i] &- 48)
      i += 1
    }
    power = afterPoint - i
    digits += i - afterPoint
  }
  // Leading zeros count as digits here: that only sends more numbers to the slow way.
  guard digits > 0, digits <= 19, mantissa < 1 << 53 else { return nil }
  if i < count, bytes[i] | 0x20 == UInt8(ascii: "e") {
    guard let (exponent, end) = quickExponent(bytes, i + 1) else { return nil }
    power += exponent
    i = end
  }
  guard let value = scaled(Double(mantissa), power) else { return nil }
  return (isNegative ? -value : value, i)
}

/// A blank, a plain number and a line end: what follows the labels of nearly every sample.
package func quickSample(_ bytes: Span<UInt8>, _ start: Int) -> (value: Double, next: Int)? {
  guard start < bytes.count, bytes[start] == UInt8(ascii: " ") else { return nil }
  if let (value, end) = quickNumber(bytes, start + 1) {
    return end < bytes.count && bytes[end] == newline ? (value, end + 1) : nil
  }
  // Many digits, or a word such as `+Inf`. NaN is left to the slow way, which knows which one.
  var end = start + 1
  while end < bytes.count, bytes[end] > UInt8(ascii: " ") { end += 1 }
  guard end < bytes.count, bytes[end] == newline,
    let value = FloatText.parseExposition(bytes.extracting((start + 1)..<end)), !value.isNaN
  else { return nil }
  return (value, end + 1)
}

private func quickExponent(_ bytes: Span<UInt8>, _ start: Int) -> (exponent: Int, end: Int)? {
  var i = start
  guard i < bytes.count else { return nil }
  let isNegative = bytes[i] == UInt8(ascii: "-")
  if isNegative || bytes[i] == UInt8(ascii: "+") { i += 1 }
  let first = i
  var exponent = 0
  while i < bytes.count, bytes[i] &- 48 < 10, i - first < 4 {
    exponent = exponent * 10 + Int(bytes[i] &- 48)
    i += 1
  }
  guard i > first else { return nil }
  return (isNegative ? -exponent : exponent, i)
}

private func scaled(_ number: Double, _ power: Int) -> Double? {
  switch power {
  case 0: number
  case 1...22: number * powersOfTen[power]
  case -22 ... -1: number / powersOfTen[-power]
  default: nil
  }
}

private let powersOfTen: [Double] = [
  1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17,
  1e18, 1e19, 1e20, 1e21, 1e22,
]
