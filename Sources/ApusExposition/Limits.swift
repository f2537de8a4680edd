/// The bounds of this room.
enum Limits {
  /// Bytes of a body that an error text repeats at most.
  static let excerptBytesMax = 512
  /// Buckets, quantiles, spans or exemplars of one metric, which take more room here than on the
  /// wire.
  static let bucketsMax = 1 << 20
}
