/// How a query was evaluated: the operators as a tree, with what each of them did.
package struct Explanation: Sendable {
  /// What kind of operator it is, such as `aggregate` or `range selector`.
  package var operatorName: String
  /// The part of the query that it evaluates, as it was written.
  package var expression: String
  /// Steps of the timeline on which it was evaluated.
  package var steps: Int
  /// Series that it gave to its user.
  package var series: Int
  /// Points of these series; of a range selector the samples that were decoded.
  package var samples: Int
  /// Samples that count for the query's `totalQueryableSamples`, its inner operators' left out.
  package var samplesRead: Int
  /// What it held in memory at most: rows that it kept, and the one that it worked on.
  package var bytes: Int
  /// Seconds spent in it and in what is below it.
  package var seconds: Double
  /// Seconds spent in it alone.
  package var selfSeconds: Double
  package var children: [Explanation]
}
