// prometheus.ReadRequest, protobuf:
//
//     ReadRequest   1 Query (repeated), 2 accepted_response_types enum (repeated)
//     Query         1 start_timestamp_ms int64, 2 end_timestamp_ms int64,
//                   3 LabelMatcher (repeated), 4 hints (not used)
//     LabelMatcher  1 type enum: = != =~ !~, 2 name, 3 value
//     types of answers: 0 SAMPLES, 1 STREAMED_XOR_CHUNKS
//
// Source: Prometheus, prompb/remote.proto and prompb/types.proto.

internal import ApusModel
internal import ApusSystem

/// What a remote read asks for.
struct ReadRequest: Sendable {
  struct Query: Sendable {
    var range = TimeRange(0, 0)
    var matchers: [LabelMatcher] = []
  }

  var queries: [Query] = []
  /// In order of preference; empty where the client does not say.
  var answerTypes: [UInt64] = []

  init() {}

  init(_ bytes: Span<UInt8>) throws(ReadFailure) {
    var fields = ReadFields(bytes)
    while try fields.next() {
      switch fields.number {
      case 1:
        guard queries.count < Limits.readQueriesMax else {
          throw ReadFailure(400, "more than \(Limits.readQueriesMax) queries in one request")
        }
        queries.append(try Query(try fields.bytes()))
      case 2: try fields.appendVarints(to: &answerTypes)
      default: break
      }
    }
  }
}

extension ReadRequest.Query {
  init(_ bytes: Span<UInt8>) throws(ReadFailure) {
    var fields = ReadFields(bytes)
    while try fields.next() {
      switch fields.number {
      case 1: range.minMs = try fields.int64()
      case 2: range.maxMs = try fields.int64()
      case 3: matchers.append(try Self.matcher(try fields.bytes()))
      default: break
      }
    }
  }

  private static func matcher(_ bytes: Span<UInt8>) throws(ReadFailure) -> LabelMatcher {
    var type: Int64 = 0
    var (name, value) = ("", "")
    var fields = ReadFields(bytes)
    while try fields.next() {
      switch fields.number {
      case 1: type = try fields.int64()
      case 2: name = String(copying: try fields.bytes())
      case 3: value = String(copying: try fields.bytes())
      default: break
      }
    }
    let kinds: [LabelMatcher.Kind] = [.equal, .notEqual, .regex, .notRegex]
    guard kinds.indices.contains(Int(truncatingIfNeeded: type)) else {
      throw ReadFailure(400, "invalid matcher type")
    }
    do throws(RegexError) {
      return try LabelMatcher(kinds[Int(truncatingIfNeeded: type)], name, value)
    } catch {
      throw ReadFailure(400, error.message)
    }
  }
}

/// The fields of one message of a request; what is wrong with them is the client's fault.
private struct ReadFields: ~Escapable {
  private var reader: ProtobufReader

  @_lifetime(copy bytes)
  init(_ bytes: Span<UInt8>) { reader = ProtobufReader(bytes) }

  var number: Int { reader.field }

  @_lifetime(self: copy self)
  mutating func next() throws(ReadFailure) -> Bool {
    do throws(ProtobufError) { return try reader.next() } catch { throw ReadFailure(error) }
  }

  @_lifetime(copy self)
  @_lifetime(self: copy self)
  mutating func bytes() throws(ReadFailure) -> Span<UInt8> {
    do throws(ProtobufError) { return try reader.bytes() } catch { throw ReadFailure(error) }
  }

  @_lifetime(self: copy self)
  mutating func int64() throws(ReadFailure) -> Int64 {
    do throws(ProtobufError) { return try reader.int64() } catch { throw ReadFailure(error) }
  }

  @_lifetime(self: copy self)
  mutating func appendVarints(to numbers: inout [UInt64]) throws(ReadFailure) {
    do throws(ProtobufError) {
      try reader.appendVarints(to: &numbers)
    } catch {
      throw ReadFailure(error)
    }
  }
}

/// Why a remote read got no answer.
package struct ReadFailure: Error, Sendable, Equatable {
  /// The HTTP status.
  package let status: Int
  package let text: String

  init(_ status: Int, _ text: String) {
    self.status = status
    self.text = text
  }

  init(_ error: ProtobufError) { self.init(400, error.description) }
}
