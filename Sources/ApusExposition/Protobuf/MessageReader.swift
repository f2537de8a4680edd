internal import ApusSystem

/// The fields of one protobuf message of a body; what holds bytes is given as a range of the body.
struct MessageReader: ~Escapable {
  private var reader: ProtobufReader
  private let start: Int

  @_lifetime(copy body)
  init(_ body: Span<UInt8>, _ message: Range<Int>) {
    reader = ProtobufReader(body.extracting(message))
    start = message.lowerBound
  }

  var field: Int { reader.field }

  /// Where in the body the next field begins.
  var at: Int { start + reader.offset }

  /// Moves to the next field; false at the end. A field that was not read is skipped.
  @_lifetime(self: copy self)
  mutating func next() throws(ExpositionError) -> Bool {
    do throws(ProtobufError) { return try reader.next() } catch { throw wireFailure(error) }
  }

  /// Skips the value of the field.
  @_lifetime(self: copy self)
  mutating func skip() throws(ExpositionError) {
    do throws(ProtobufError) { try reader.skip() } catch { throw wireFailure(error) }
  }

  /// The bytes, text or message of the field.
  @_lifetime(self: copy self)
  mutating func range() throws(ExpositionError) -> Range<Int> {
    do throws(ProtobufError) {
      let count = try reader.bytes().count
      return (at - count)..<at
    } catch {
      throw wireFailure(error)
    }
  }

  @_lifetime(self: copy self)
  mutating func uint64() throws(ExpositionError) -> UInt64 {
    do throws(ProtobufError) { return try reader.uint64() } catch { throw wireFailure(error) }
  }

  @_lifetime(self: copy self)
  mutating func int64() throws(ExpositionError) -> Int64 { Int64(bitPattern: try uint64()) }

  @_lifetime(self: copy self)
  mutating func sint32() throws(ExpositionError) -> Int32 {
    do throws(ProtobufError) {
      return Int32(truncatingIfNeeded: try reader.sint64())
    } catch {
      throw wireFailure(error)
    }
  }

  @_lifetime(self: copy self)
  mutating func double() throws(ExpositionError) -> Double {
    do throws(ProtobufError) { return try reader.double() } catch { throw wireFailure(error) }
  }

  @_lifetime(self: copy self)
  mutating func appendVarints(to numbers: inout [UInt64]) throws(ExpositionError) {
    do throws(ProtobufError) {
      try reader.appendVarints(to: &numbers)
    } catch {
      throw wireFailure(error)
    }
    try checkBuckets(numbers.count)
  }

  @_lifetime(self: copy self)
  mutating func appendDoubles(to numbers: inout [Double]) throws(ExpositionError) {
    do throws(ProtobufError) {
      try reader.appendDoubles(to: &numbers)
    } catch {
      throw wireFailure(error)
    }
    try checkBuckets(numbers.count)
  }
}

/// A few bytes of a message can name one more bucket, which then takes many: so there is a bound.
func checkBuckets(_ count: Int) throws(ExpositionError) {
  guard count > Limits.bucketsMax else { return }
  throw ExpositionError("a histogram has more than \(Limits.bucketsMax) buckets")
}

/// What is wrong with the bytes, beginning with Go's words.
private func wireFailure(_ error: ProtobufError) -> ExpositionError {
  switch error {
  case .malformed(.truncated): ExpositionError("unexpected EOF: \(error)")
  case .malformed(.overlongVarint): ExpositionError("proto: integer overflow: \(error)")
  case .badFieldNumber: ExpositionError("proto: illegal tag: \(error)")
  case .badWireType: ExpositionError("proto: illegal wireType: \(error)")
  case .wrongType: ExpositionError("proto: wrong wireType: \(error)")
  }
}
