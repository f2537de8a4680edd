package import ApusModel
package import ApusPromQLSyntax

/// A script of the `load` / `eval` language that Prometheus tests its engine with.
///
/// An empty line or a comment ends the indented block below a command.
package struct Script: Sendable {
  package enum Command: Sendable {
    case clear
    case load(Load)
    case evaluate(Evaluation)
  }

  package struct Load: Sendable {
    package var line: Int
    package var stepMs: Int64
    /// Classic histograms also become native ones with custom bounds.
    package var addsNative: Bool
    package var series: [SeriesNotation]
    /// Start timestamps, relative to the samples, by series: one for each step, nil for none.
    package var starts: [Labels: [Int64?]]
  }

  package struct Evaluation: Sendable {
    package enum Time: Sendable {
      case instant(Int64)
      case range(startMs: Int64, endMs: Int64, stepMs: Int64)
    }

    package var line: Int
    package var time: Time
    package var expression: String
    package var expectations: [Expectation] = []
    package var isOrdered = false
    /// A string result that is wanted.
    package var text: String?
    /// A scalar result that is wanted.
    package var scalar: Double?
    package var series: [SeriesNotation] = []
    /// The times of the points of a range vector that an instant query returns.
    package var rangeVector: (startMs: Int64, endMs: Int64, stepMs: Int64)?
  }

  package struct Expectation: Sendable, Equatable {
    package enum Kind: Sendable { case fail, warning, info, noWarning, noInfo }

    package var kind: Kind
    /// Must be part of the text; empty for any.
    package var text = ""
    /// Must be found in the text instead.
    package var pattern: String?
  }

  package struct Failure: Error, Sendable, CustomStringConvertible {
    package let description: String
  }

  package let commands: [Command]

  package init(_ text: String) throws(Failure) {
    var reader = ScriptReader(text)
    commands = try reader.readAll()
  }
}
