/// The bounds of this room.
enum Limits {
  /// Bytes of a body that an error text repeats at most.
  static let excerptBytesMax = 512
}
